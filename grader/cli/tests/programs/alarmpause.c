/* Between alarm and pause any time may pass: then the alarm wakes nobody. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void ring(int signal) {
    (void)signal;
}

int main(void) {
    struct sigaction action = {.sa_handler = ring};
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    pause();
    puts("awake");
    return 0;
}
