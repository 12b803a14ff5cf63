#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        _exit(7);
    }
    int status;
    wait(&status);
    printf("the child's exit status is %d\n", WEXITSTATUS(status));
}
