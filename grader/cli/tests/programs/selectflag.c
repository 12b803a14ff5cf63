/* Looks at a flag that a handler sets, and then waits with select for a descriptor. */
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t heard;

static void hear(int signal) {
    (void)signal;
    heard = 1;
}

int main(void) {
    struct sigaction action = {.sa_handler = hear};
    int ends[2];
    pid_t parent = getpid();
    sigaction(SIGUSR1, &action, NULL);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (fork() == 0) {
        char byte;
        close(ends[0]);
        kill(parent, SIGUSR1);
        read(ends[1], &byte, 1);
        _exit(0);
    }
    close(ends[1]);
    while (!heard) {
        fd_set asked;
        FD_ZERO(&asked);
        FD_SET(ends[0], &asked);
        select(ends[0] + 1, &asked, NULL, NULL, NULL);
    }
    close(ends[0]);
    wait(NULL);
    return 0;
}
