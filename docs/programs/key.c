#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Presses one key on a terminal of its own, while a process reads from it.
int main(int argc, char **argv) {
    char key = argc > 1 ? atoi(argv[1]) : 4;
    int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(keyboard);
    unlockpt(keyboard);
    int terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
    int ready[2];
    pipe(ready);
    if (fork() == 0) {
        setsid();
        ioctl(terminal, TIOCSCTTY, 0); // the terminal is this process's now
        write(ready[1], "!", 1);
        char text[100];
        printf("read returned %zd\n", read(terminal, text, sizeof text));
        return 0;
    }
    char byte;
    read(ready[0], &byte, 1);
    write(keyboard, &key, 1);
    int status;
    wait(&status);
    if (WIFSIGNALED(status)) {
        printf("killed by %s\n", strsignal(WTERMSIG(status)));
    } else {
        printf("exited with %d\n", WEXITSTATUS(status));
    }
}
