/* Exits with the number of the child that ended first. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    pid_t first = fork();
    if (first == 0) {
        _exit(0);
    }
    if (fork() == 0) {
        _exit(0);
    }
    pid_t ended = wait(NULL);
    wait(NULL);
    return ended == first ? 1 : 2;
}
