/* Uses a child's answer that need not be there yet. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int answer[2];
    char byte = 0;
    char *volatile text = NULL;
    pipe(answer);
    if (fork() == 0) {
        write(answer[1], "x", 1);
        _exit(0);
    }
    int status;
    if (waitpid(-1, &status, WNOHANG) > 0) {
        text = &byte;
    }
    *text = 'y'; /* there only if the child was done by then */
    wait(NULL);
    return 0;
}
