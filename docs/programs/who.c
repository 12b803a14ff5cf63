#include <stdio.h>
#include <unistd.h>

int main(void) {
    printf("I am %d, my parent is %d\n", getpid(), getppid());
}
