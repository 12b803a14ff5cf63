/* Does not look whether fork failed, and waits for the wrong one. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    if (child < 0) {
        write(1, "no child\n", 9);
        return 3;
    }
    waitpid(child, NULL, 0);
    return 0;
}
