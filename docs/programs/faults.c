#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 1000 };

static long faults(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return usage.ru_minflt;
}

int main(void) {
    size_t size = PAGES * sysconf(_SC_PAGESIZE);
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, size, MADV_NOHUGEPAGE);
    memset(memory, 1, size);
    long before = faults(RUSAGE_SELF);
    if (fork() == 0) {
        memset(memory, 2, size); // every page is copied now
        _exit(0);
    }
    wait(NULL);
    long parent = faults(RUSAGE_SELF) - before, child = faults(RUSAGE_CHILDREN);
    printf("the child was stopped %s\n", child >= PAGES ? "once for each page" : "less often");
    printf("the parent was stopped %s\n", parent < PAGES / 10 ? "hardly ever" : "too");
}
