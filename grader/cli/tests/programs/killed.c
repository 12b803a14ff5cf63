/* A child's signal meets a parent that has not said yet what to do with it. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void hear(int signal) {
    (void)signal;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    action.sa_flags = SA_RESTART;
    if (fork() == 0) {
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    sigaction(SIGUSR1, &action, NULL);
    wait(NULL);
    return 0;
}
