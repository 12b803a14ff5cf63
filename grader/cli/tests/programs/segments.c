/* Shared memory of System V as textbooks use it: `segments NAME`, and its known mistake with
   `segments NAME wrong`. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 4
#define KEY 0x466b

struct shared {
    int n;
    atomic_int counted;
    pthread_mutex_t mutex;
    int sum, ready;
};

static int id, file, set, wrong;
static struct shared *s, *again;

static void semaphore(int change) {
    struct sembuf one = {0, change, 0};
    if (!wrong)
        semop(set, &one, 1);
}

static void counts_under_a_semaphore(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        semaphore(-1);
        s->n = s->n + 1;
        semaphore(1);
    }
}

static void counts_under_a_mutex(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        if (!wrong)
            pthread_mutex_lock(&s->mutex);
        s->n++;
        if (!wrong)
            pthread_mutex_unlock(&s->mutex);
    }
}

static void counts_in_one_step(int me) {
    for (int i = 0; i < ROUNDS; i++)
        if (wrong)
            s->n++;
        else
            atomic_fetch_add(&s->counted, 1);
}

/* Each finds the segment by its key and attaches it for itself. */
static void attaches(int me) {
    shmdt(s);
    s = shmat(shmget(KEY, sizeof *s, 0600), NULL, 0);
    counts_in_one_step(me);
    shmdt(s);
}

/* The same memory by two addresses. */
static void by_two_addresses(int me) {
    if (me == 1)
        s = again;
    counts_under_a_mutex(me);
}

/* As above, in a program that is executed. */
static void executes(int me) {
    char number[16];
    sprintf(number, "%d", id);
    execl("/proc/self/exe", "segments", "executed", number, wrong ? "wrong" : NULL, NULL);
    _exit(127);
}

/* One counts, and who has the segment for reading alone waits until it is done. */
static void reads(int me) {
    if (me == 0) {
        counts_in_one_step(me);
    } else {
        shmdt(s);
        s = shmat(id, NULL, SHM_RDONLY);
        while (s->counted < ROUNDS) {
        }
        printf("%d\n", s->counted);
    }
}

/* A part of a file's mapping is mapped once more, over another part. */
static void maps_over(int me) {
    mmap((char *)again + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    s = again;
    counts_under_a_mutex(me);
}

static const struct {
    const char *name;
    void (*run)(int me);
} programs[] = {
    {"semaphore", counts_under_a_semaphore},
    {"mutex", counts_under_a_mutex},
    {"atomic", counts_in_one_step},
    {"attaches", attaches},
    {"addresses", by_two_addresses},
    {"executes", executes},
    {"reads", reads},
    {"maps-over", maps_over},
};

static void prepare(const char *name) {
    if (!strcmp(name, "maps-over")) {
        file = memfd_create("pages", MFD_CLOEXEC);
        ftruncate(file, 2 * 4096);
        s = again = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    } else {
        int key = strcmp(name, "attaches") ? IPC_PRIVATE : KEY;
        id = shmget(key, sizeof *s, IPC_CREAT | 0600);
        s = shmat(id, NULL, 0);
        again = shmat(id, NULL, 0);
    }
    set = semget(IPC_PRIVATE, 1, 0600);
    semctl(set, 0, SETVAL, 1);
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &shared);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "executed")) {
        wrong = argc > 3;
        s = shmat(atoi(argv[2]), NULL, 0);
        counts_in_one_step(0);
        return 0;
    }
    wrong = argc > 2;
    prepare(name);
    for (unsigned p = 0; p < sizeof programs / sizeof *programs; p++)
        for (int me = 0; me < 2 && !strcmp(programs[p].name, name); me++)
            if (fork() == 0) {
                programs[p].run(me);
                fflush(stdout);
                _exit(0);
            }
    while (wait(NULL) > 0) {
    }
    printf("%d %d\n", s->n, (int)s->counted);
    semctl(set, 0, IPC_RMID);
    if (!file)
        shmctl(id, IPC_RMID, NULL);
    return 0;
}
