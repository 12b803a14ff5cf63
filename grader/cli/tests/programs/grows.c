/* Allocates in several ways and keeps what the first argument names. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void *small(void) { /* a MiB in small blocks */
    void **first = NULL;
    for (int i = 0; i < MIB / 64; i++) {
        void **next = malloc(48);
        *next = first;
        first = next;
    }
    return first;
}

static void free_small(void *list) {
    while (list != NULL) {
        void *next = *(void **)list;
        free(list);
        list = next;
    }
}

static void *in_thread(void *unused) {
    return small();
}

int main(int argc, char **argv) {
    const char *kept = argc > 1 ? argv[1] : "nothing";
    void *list = small();
    if (strcmp(kept, "small")) {
        free_small(list);
    }
    void *large = malloc(4 * MIB);
    if (strcmp(kept, "large")) {
        free(large);
    }
    void *grown = malloc(100); /* in the heap, then a mapping that moves */
    for (size_t size = 200; size <= 4 * MIB; size *= 2) {
        grown = realloc(grown, size);
    }
    if (strcmp(kept, "grown")) {
        grown = realloc(grown, 1000);
    }
    pthread_t id;
    pthread_create(&id, NULL, in_thread, NULL);
    pthread_join(id, &list);
    if (strcmp(kept, "thread")) {
        free_small(list);
    }
    char *mapped = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(mapped, MIB / 2, PROT_READ | PROT_WRITE);
    if (strcmp(kept, "mapped")) {
        mprotect(mapped, MIB, PROT_READ);
    }
    void *before = sbrk(MIB);
    if (strcmp(kept, "break")) {
        brk(before);
    }
    if (fork() == 0) { /* what a child keeps is its own */
        malloc(8 * MIB);
        small();
        _exit(0);
    }
    wait(NULL);
    free(grown);
    return 0;
}
