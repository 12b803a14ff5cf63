/* Makes mappings of every kind; the first argument says which it leaves, none of them with `none`. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *left;

static int leaves(const char *what) { return !strcmp(left, what); }

static void *thread(void *unused) {
    free(malloc(1 << 20));
    return unused;
}

static void file(int flags, const char *name) {
    int fd = open("/proc/self/exe", O_RDONLY);
    void *memory = mmap(NULL, 6000, PROT_READ, flags, fd, 0);
    close(fd);
    if (!leaves(name)) {
        munmap(memory, 6000);
    }
}

int main(int argc, char **argv) {
    left = argc > 1 ? argv[1] : "none";
    /* Not the program's own: thread stacks, what malloc maps, a child's, a named semaphore. */
    pthread_t id;
    pthread_create(&id, NULL, thread, NULL);
    pthread_join(id, NULL);
    free(malloc(1 << 20));
    sem_t *semaphore = sem_open("/maps", O_CREAT, 0600, 1);
    sem_unlink("/maps");
    if (!leaves("none")) {
        sem_close(semaphore);
    }
    if (fork() == 0) {
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        _exit(0);
    }
    wait(NULL);
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared = mremap(shared, 8192, 16384, MREMAP_MAYMOVE);
    if (leaves("anonymous")) {
        munmap(shared, 4096);
    } else {
        munmap(shared, 16384);
    }
    file(MAP_SHARED, "file");
    file(MAP_PRIVATE, "private");
    int id_of = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    void *attached = shmat(id_of, NULL, 0);
    shmctl(id_of, IPC_RMID, NULL);
    if (!leaves("sysv")) {
        shmdt(attached);
    }
    return 0;
}
