/* Two threads count to twice a hundred thousand under one mutex. */
#include <assert.h>
#include <pthread.h>

enum { TIMES = 100000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *none) {
    for (int n = 0; n < TIMES; n++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return none;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, count, NULL);
    pthread_create(&threads[1], NULL, count, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert(counter == 2 * TIMES);
    return 0;
}
