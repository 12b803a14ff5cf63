/* Waits for an answer with two time-outs: of poll, and by an alarm that interrupts a read. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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
    sigaction(SIGALRM, &action, NULL);
    pipe(ends);
    if (fork() == 0) {
        write(ends[1], "xy", 2);
        _exit(0);
    }
    struct pollfd asked = {ends[0], POLLIN, 0};
    if (poll(&asked, 1, 1000) == 0)
        puts("poll gave up");
    alarm(5);
    if (read(ends[0], &byte, 1) < 0)
        puts("read gave up");
    alarm(0);
    wait(NULL);
    return 0;
}
