#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int *x = mmap(NULL, sizeof *x, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *x = 1;
    if (fork() == 0) {
        *x = 2;
        return 0;
    }
    wait(NULL);
    printf("the parent: x is %d\n", *x);
}
