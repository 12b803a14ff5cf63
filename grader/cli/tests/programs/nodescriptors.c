/* A child sends one byte through the second of two pipes. There may be no descriptor left. */
#include <assert.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int first[2] = {-1, -1}, second[2] = {-1, -1};
    char byte = 0;
#ifdef HANDLES
    if (pipe(first) < 0) {
        perror("pipe");
        return 1;
    }
    if (pipe(second) < 0) {
        perror("pipe");
        close(first[0]);
        close(first[1]);
        return 1;
    }
#else
    pipe(first);
    pipe(second);
#endif
    pid_t child = fork();
    if (child == 0) {
        write(second[1], "x", 1);
        _exit(0);
    }
    ssize_t count = second[0] < 0 ? 0 : read(second[0], &byte, 1);
    waitpid(child, NULL, 0);
    assert(count == 1 && byte == 'x');
    return 0;
}
