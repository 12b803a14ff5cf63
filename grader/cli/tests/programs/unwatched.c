// Behaves only when watched: the first argument says how it looks whether it is, the second what it
// does if not.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

// A traced call stops twice; the quickest of many tells.
static int slow_calls(void) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 50; i++) {
        uint64_t before = __rdtsc();
        getppid();
        uint64_t took = __rdtsc() - before;
        if (took < best) best = took;
    }
    return best > 6000;
}

static int has_tracer(void) {
    char line[256];
    int tracer = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "TracerPid: %d", &tracer);
    return tracer != 0;
}

int main(int argc, char **argv) {
    const char *how = argv[1];
    int watched = strcmp(how, "clocks") == 0   ? getauxval(AT_SYSINFO_EHDR) == 0
                  : strcmp(how, "calls") == 0  ? slow_calls()
                  : strcmp(how, "status") == 0 ? has_tracer()
                  : strcmp(how, "traceme") == 0 ? ptrace(PTRACE_TRACEME, 0, 0, 0) != 0
                                               : getppid() == 1;
    const char *then = argc > 2 ? argv[2] : "";
    if (strcmp(then, "late") == 0) time(NULL);
    if (!watched) {
        while (strcmp(then, "hang") == 0) pause();
        puts("nobody looks");
        return 0;
    }
    if (fork() == 0) _exit(0);
    wait(NULL);
    puts("reaped");
    return 0;
}
