#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int answer = fork();
    if (answer == 0) {
        printf("the child: fork returned 0\n");
        return 0;
    }
    wait(NULL);
    printf("the parent: fork returned the child's pid, %d\n", answer);
}
