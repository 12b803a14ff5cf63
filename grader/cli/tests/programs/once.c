/* Two processes, each of which changes a number once: `count` adds one to it, `mark` sets it where it is not set,
   `turn` makes 1 of 0 and 0 of 1. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void change(volatile int *n, const char *how, int wrong) {
    if (strcmp(how, "mark") == 0) {
        if (*n == 0) {
            *n = 1;
        }
    } else if (strcmp(how, "turn") == 0) {
        *n = !*n;
    } else if (wrong) {
        *n = *n + 1;
    } else {
        __atomic_fetch_add(n, 1, __ATOMIC_SEQ_CST);
    }
}

int main(int argc, char **argv) {
    int wrong = argc > 2 && strcmp(argv[2], "wrong") == 0;
    int all = PROT_READ | PROT_WRITE;
    volatile int *n = mmap(NULL, 4096, all, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            change(n, argv[1], wrong);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    printf("%d\n", *n > 0);
    return 0;
}
