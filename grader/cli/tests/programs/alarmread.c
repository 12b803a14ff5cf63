/* A time-out for a read: by an alarm, which may ring before the read begins; by poll, if MENDED. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void ring(int signal) {
    (void)signal;
}

int main(void) {
    struct sigaction action = {.sa_handler = ring};
    int ends[2];
    char byte;
    sigaction(SIGALRM, &action, NULL);
    pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
#ifdef MENDED
    struct pollfd asked = {ends[0], POLLIN, 0};
    ssize_t got = poll(&asked, 1, 1000) == 1 ? read(ends[0], &byte, 1) : -1;
#else
    alarm(1);
    ssize_t got = read(ends[0], &byte, 1);
#endif
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    puts(got == 1 ? "an answer" : "no answer");
    return 0;
}
