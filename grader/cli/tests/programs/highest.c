/* The highest number that anybody has seen, with an atomic store as compilers write it: an exchange, and then
   the register is used for something else. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void store(atomic_int *place, int value) {
    __asm__ volatile("xchg %%eax, %0\n\txor %%eax, %%eax" : "+m"(*place), "+a"(value));
}

static void saw(atomic_int *highest, int number, int wrong) {
    int known = atomic_load(highest);
    if (wrong) {
        if (known < number) {
            store(highest, number);
        }
        return;
    }
    while (known < number && !atomic_compare_exchange_weak(highest, &known, number)) {
    }
}

int main(int argc, char **argv) {
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    int all = PROT_READ | PROT_WRITE;
    atomic_int *highest = mmap(NULL, 4096, all, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 1; i <= 2; i++) {
        if (fork() == 0) {
            saw(highest, i * 40, wrong);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    printf("%d\n", atomic_load(highest));
    return 0;
}
