/* Textbook programs of shared memory, two or three processes each: `textbook NAME`, and its known
   mistake with `textbook NAME wrong`. With SEGMENT the memory is System V's. */
#include <assert.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 4

struct shared {
    int n;
    atomic_int flag[2], turn;
    atomic_int next, serving;
    atomic_uint sequence;
    volatile long one, other;
    atomic_int word;
    sem_t room, ready;
    int slots[8];
    volatile int in, out;
    pthread_rwlock_t rwlock;
    pthread_mutex_t mutex, forks[3];
    pthread_cond_t all;
    int there, generation;
    atomic_int prepared, preparations;
} *s;

static int wrong;

static void count(void) { s->n += 1; }

/* Peterson's lock, whose order of two stores is everything. */
static void peterson(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        int other = 1 - me;
        if (wrong) {
            s->turn = other;
            s->flag[me] = 1;
        } else {
            s->flag[me] = 1;
            s->turn = other;
        }
        while (s->flag[other] && s->turn == other) {
        }
        count();
        s->flag[me] = 0;
    }
}

static void ticket(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        int mine;
        if (wrong) {
            mine = s->next;
            s->next = mine + 1;
        } else {
            mine = atomic_fetch_add(&s->next, 1);
        }
        while (s->serving != mine) {
        }
        count();
        s->serving = mine + 1;
    }
}

/* One writer, one reader that looks whether both halves belong together. */
static void seqlock(int me) {
    for (long i = 1; i <= ROUNDS; i++) {
        if (me == 0) {
            s->sequence++;
            s->one = i;
            s->other = -i;
            s->sequence++;
        } else {
            unsigned before, after;
            long one, other;
            do {
                before = s->sequence;
                one = s->one;
                other = s->other;
                after = s->sequence;
            } while (!wrong && (before != after || before % 2));
            if (one != -other)
                puts("torn");
        }
    }
}

static long futex(int how, int value) {
    return syscall(SYS_futex, &s->word, how, value, NULL, NULL, 0);
}

/* Ulrich Drepper's third mutex: 0 free, 1 taken, 2 taken and somebody waits. */
static void futex_mutex(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        int seen = 0;
        if (!atomic_compare_exchange_strong(&s->word, &seen, 1)) {
            if (seen != 2)
                seen = atomic_exchange(&s->word, 2);
            while (seen != 0) {
                futex(FUTEX_WAIT, 2);
                seen = atomic_exchange(&s->word, 2);
            }
        }
        count();
        if (atomic_exchange(&s->word, 0) == 2)
            futex(wrong ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE, 1);
    }
}

/* One waits until the other has prepared something; the wrong one believes that it was woken. */
static void event(int me) {
    if (me == 0) {
        s->n = 7;
        s->word = 1;
        futex(FUTEX_WAKE, 1);
        return;
    }
    while (s->word == 0) {
        futex(FUTEX_WAIT, 0);
        if (wrong)
            break;
    }
    assert(s->n == 7);
}

/* Two producers and a consumer. */
static void buffer(int me) {
    if (me == 2) {
        for (int i = 0; i < 2 * ROUNDS; i++) {
            sem_wait(&s->ready);
            s->n += s->slots[s->out++ % 8];
            sem_post(&s->room);
        }
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&s->room);
        if (!wrong)
            pthread_mutex_lock(&s->mutex);
        s->slots[s->in % 8] = 1;
        s->in = s->in + 1;
        if (!wrong)
            pthread_mutex_unlock(&s->mutex);
        sem_post(&s->ready);
    }
}

static void readers(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        if (wrong)
            pthread_rwlock_rdlock(&s->rwlock);
        else
            pthread_rwlock_wrlock(&s->rwlock);
        count();
        pthread_rwlock_unlock(&s->rwlock);
    }
}

static void once(int me) {
    if (!s->prepared) {
        if (!wrong)
            pthread_mutex_lock(&s->mutex);
        if (!s->prepared) {
            s->preparations++;
            s->prepared = 1;
        }
        if (!wrong)
            pthread_mutex_unlock(&s->mutex);
    }
}

/* A barrier for two, to be used again; the wrong one goes by the number of those who are there. */
static void barrier(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&s->mutex);
        int generation = s->generation;
        if (++s->there == 2) {
            s->there = 0;
            s->generation++;
            pthread_cond_broadcast(&s->all);
        } else if (wrong) {
            while (s->there != 0)
                pthread_cond_wait(&s->all, &s->mutex);
        } else {
            while (s->generation == generation)
                pthread_cond_wait(&s->all, &s->mutex);
        }
        pthread_mutex_unlock(&s->mutex);
    }
}

static void philosophers(int me) {
    int left = me, right = (me + 1) % 3;
    if (!wrong && left > right) {
        left = 0;
        right = 2;
    }
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&s->forks[left]);
        pthread_mutex_lock(&s->forks[right]);
        pthread_mutex_unlock(&s->forks[right]);
        pthread_mutex_unlock(&s->forks[left]);
    }
}

/* The first process ends with the lock, or does not. */
static void leaves(int me) {
    pthread_mutex_lock(&s->mutex);
    if (me == 0 && wrong)
        _exit(0);
    pthread_mutex_unlock(&s->mutex);
}

static const struct {
    const char *name;
    void (*run)(int);
    int processes;
} programs[] = {
    {"peterson", peterson, 2},   {"ticket", ticket, 2},   {"seqlock", seqlock, 2},
    {"futex", futex_mutex, 2},   {"buffer", buffer, 3},   {"readers", readers, 2},
    {"once", once, 2},           {"barrier", barrier, 2}, {"philosophers", philosophers, 3},
    {"leaves", leaves, 2},       {"event", event, 2},
};

static void prepare(void) {
#ifdef SEGMENT
    int id = shmget(IPC_PRIVATE, sizeof *s, IPC_CREAT | 0600);
    s = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
#else
    s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#endif
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &shared);
    for (int i = 0; i < 3; i++)
        pthread_mutex_init(&s->forks[i], &shared);
    pthread_condattr_t condition;
    pthread_condattr_init(&condition);
    pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&s->all, &condition);
    pthread_rwlockattr_t rwlock;
    pthread_rwlockattr_init(&rwlock);
    pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&s->rwlock, &rwlock);
    sem_init(&s->room, 1, 8);
    sem_init(&s->ready, 1, 0);
}

int main(int argc, char **argv) {
    wrong = argc > 2;
    prepare();
    for (unsigned p = 0; p < sizeof programs / sizeof *programs; p++) {
        if (argc < 2 || strcmp(programs[p].name, argv[1]))
            continue;
        for (int me = 0; me < programs[p].processes; me++)
            if (fork() == 0) {
                programs[p].run(me);
                fflush(stdout);
                _exit(0);
            }
        while (wait(NULL) > 0) {
        }
        printf("%d %d\n", s->n, (int)s->preparations);
        return 0;
    }
    return 2;
}
