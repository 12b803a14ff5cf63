/* A wait for a semaphore that a handled signal interrupts is taken for the semaphore. */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    sem_t free;
    int sum;
};

static void hear(int signal) {
    (void)signal;
}

static void add(struct shared *shared, int wrong) {
    while (sem_wait(&shared->free) != 0 && errno == EINTR && !wrong) {
    }
    shared->sum += 2;
    sem_post(&shared->free);
}

int main(int argc, char **argv) {
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    int all = PROT_READ | PROT_WRITE;
    struct shared *shared = mmap(NULL, 4096, all, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    sigaction(SIGUSR1, &action, NULL);
    sem_init(&shared->free, 1, 1);
    if (fork() == 0) {
        add(shared, wrong);
        _exit(0);
    }
    add(shared, wrong);
    while (wait(NULL) < 0 && errno == EINTR) {
    }
    printf("%d\n", shared->sum);
    return 0;
}
