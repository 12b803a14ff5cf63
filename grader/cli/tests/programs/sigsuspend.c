/* The same with the signal blocked until the wait itself lets it through. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void hear(int signal) {
    (void)signal;
    told = 1;
}

int main(void) {
    struct sigaction action;
    sigset_t block, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &before);
    if (fork() == 0) {
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    while (!told) {
        sigsuspend(&before);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    while (wait(NULL) < 0 && errno == EINTR) {
    }
    return 0;
}
