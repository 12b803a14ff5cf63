/* A thread makes a pipe for itself and marks it close-on-exec afterwards, while another thread forks and
 * executes; with an argument, the pipe is made with the mark. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *talk(void *marked) {
    int ends[2];
    char byte;
    if (marked) {
        pipe2(ends, O_CLOEXEC);
    } else {
        pipe(ends);
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    }
    write(ends[1], "x", 1);
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        ;
    close(ends[0]);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    int work[2];
    pipe2(work, O_CLOEXEC);
    pthread_create(&thread, NULL, talk, argc > 1 ? argv : NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(work[0], 0);
        execl("/bin/cat", "cat", NULL);
        _exit(127);
    }
    pthread_join(thread, NULL);
    close(work[0]);
    close(work[1]);
    waitpid(child, NULL, 0);
    return 0;
}
