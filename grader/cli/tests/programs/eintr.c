/* A read that a handled signal interrupts is taken for the end. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void hear(int signal) {
    (void)signal;
}

int main(void) {
    struct sigaction action;
    int ends[2];
    char byte;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    sigaction(SIGUSR1, &action, NULL);
    pipe(ends);
    if (fork() == 0) {
        write(ends[1], "x", 1);
        _exit(0);
    }
    ssize_t got = read(ends[0], &byte, 1);
    while (wait(NULL) < 0) {
    }
    write(1, got == 1 ? "got it\n" : "nothing\n", got == 1 ? 7 : 8);
    return 0;
}
