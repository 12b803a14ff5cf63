#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int child = fork();
    if (child == 0) {
        size_t size = 64 << 20;
        memset(malloc(size), 1, size);
        _exit(3);
    }
    siginfo_t info;
    waitid(P_PID, child, &info, WEXITED | WNOWAIT); // until it is dead, and no longer
    char command[100];
    sprintf(command, "grep -E 'State|VmRSS' /proc/%d/status; cat /proc/%d/statm", child, child);
    fflush(stdout);
    system(command);
    printf("kill returned %d\n", kill(child, SIGKILL));
    int status;
    waitpid(child, &status, 0);
    printf("it exited with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}
