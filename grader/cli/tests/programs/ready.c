/* A child says that it is ready, and only then blocks the signal that it waits for; with an argument,
 * before. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int ends[2], status, got;
    char byte;
    sigset_t term;
    (void)argv;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        if (argc > 1)
            sigprocmask(SIG_BLOCK, &term, NULL);
        write(ends[1], "r", 1);
        sigprocmask(SIG_BLOCK, &term, NULL);
        sigwait(&term, &got);
        _exit(0);
    }
    read(ends[0], &byte, 1);
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? 0 : 3;
}
