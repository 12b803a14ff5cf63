/* A child ends and is never waited for; a pause between makes sure that it is dead by then. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int gone[2];
    char byte;
    pipe(gone);
    if (fork() == 0) {
        _exit(1);
    }
    close(gone[1]);
    read(gone[0], &byte, 1); /* end of file: the child has let go of its end */
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT); /* looks, and leaves it where it is */
    return 0;
}
