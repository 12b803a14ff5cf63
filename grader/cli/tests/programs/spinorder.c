/* Two spin locks, taken in two orders; with an argument, in the same order. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_flag one = ATOMIC_FLAG_INIT, two = ATOMIC_FLAG_INIT;
static int count;

static void with(atomic_flag *first, atomic_flag *second) {
    while (atomic_flag_test_and_set(first))
        ;
    usleep(1);
    while (atomic_flag_test_and_set(second))
        ;
    count++;
    atomic_flag_clear(second);
    atomic_flag_clear(first);
}

static void *other(void *same) {
    with(same ? &one : &two, same ? &two : &one);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    pthread_create(&thread, NULL, other, argc > 1 ? argv : NULL);
    with(&one, &two);
    pthread_join(thread, NULL);
    return count != 2;
}
