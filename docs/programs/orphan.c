#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1); // "give me the orphans among my descendants"
    int me = getpid();
    if (fork() == 0) {
        int parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent) {
                usleep(1000); // until the process between has ended
            }
            printf("an orphan, adopted by %s\n", getppid() == me ? "its grandparent" : "another");
        }
        return 0;
    }
    while (wait(NULL) > 0) {
    }
}
