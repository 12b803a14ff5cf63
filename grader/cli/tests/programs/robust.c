// Two children use a robust mutex. The first dies inside of it, by the signal that is named, or where
// the grader kills it; the second goes on with what it finds.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    pthread_mutex_t mutex;
    int value;
};

static void use(struct shared *shared, const char *how) {
    if (pthread_mutex_lock(&shared->mutex) == EOWNERDEAD)
        pthread_mutex_consistent(&shared->mutex);
    shared->value++;
    if (!strcmp(how, "term"))
        raise(SIGTERM);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "pause"))
        pause();
    pthread_mutex_unlock(&shared->mutex);
    _exit(0);
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->mutex, &kind);
    pid_t first = fork();
    if (first == 0)
        use(shared, how);
    pid_t second = fork();
    if (second == 0)
        use(shared, "");
    if (!strcmp(how, "pause"))
        kill(first, SIGTERM);
    waitpid(first, NULL, 0);
    waitpid(second, NULL, 0);
    return 0;
}
