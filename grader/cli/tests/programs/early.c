/* Blocks a signal and installs its handler before main, in a constructor: of the program itself, or
 * of a library that it is linked with (MAIN and LIBRARY are compiled apart then). */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAIN
volatile sig_atomic_t told;
sigset_t before;

static void hear(int signal) {
    (void)signal;
    told = 1;
}

__attribute__((constructor)) static void early(void) {
    struct sigaction action;
    sigset_t block;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &before);
}
#else
extern volatile sig_atomic_t told;
extern sigset_t before;
#endif

#ifndef LIBRARY
int main(void) {
    if (fork() == 0) {
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    while (!told) {
        sigsuspend(&before);
    }
    while (wait(NULL) < 0) {
    }
    write(1, "told\n", 5);
    return 0;
}
#endif
