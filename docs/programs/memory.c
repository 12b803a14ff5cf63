#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int x = 1;
    if (fork() == 0) {
        x = 2;
        printf("the child:  x is %d\n", x);
        return 0;
    }
    wait(NULL);
    printf("the parent: x is %d\n", x);
}
