/* Tells a child three things. The child may be gone before it has heard them all. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int ends[2];
    if (pipe(ends) < 0) {
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(ends[1]);
        while (read(ends[0], &byte, 1) == 1) {
        }
        _exit(0);
    }
    close(ends[0]);
    int told = 0;
#ifdef HANDLES
    signal(SIGPIPE, SIG_IGN);
#endif
    while (told < 3 && write(ends[1], "x", 1) == 1) {
        told++;
    }
    close(ends[1]);
    waitpid(child, NULL, 0);
    printf("told %d\n", told);
    return told == 3 ? 0 : 1;
}
