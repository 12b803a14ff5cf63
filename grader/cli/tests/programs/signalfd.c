/* One record of a signalfd is taken for one dead child; with an argument, for one or more. */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct signalfd_siginfo record;
    sigset_t chld;
    (void)argv;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    int fd = signalfd(-1, &chld, SFD_CLOEXEC);
    for (int n = 0; n < 2; n++)
        if (fork() == 0)
            _exit(0);
    for (int left = 2; left > 0;) {
        read(fd, &record, sizeof record);
        if (argc > 1) {
            while (waitpid(-1, NULL, WNOHANG) > 0)
                left--;
        } else if (waitpid(record.ssi_pid, NULL, 0) > 0) {
            left--;
        }
    }
    close(fd);
    return 0;
}
