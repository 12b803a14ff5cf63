#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void) {
    volatile int x = 1;
    if (vfork() == 0) {
        x = 2; // not allowed: only _exit and exec are
        _exit(0);
    }
    printf("the parent: x is %d\n", x);
}
