/* A worker looks at a flag and then waits for a condition; the flag is set without the mutex, so that the
 * wake-up may fall between the two. With an argument it is set under the mutex. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_int stop;

static void *work(void *none) {
    pthread_mutex_lock(&mutex);
    while (!stop)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    return none;
}

int main(int argc, char **argv) {
    pthread_t thread;
    (void)argv;
    pthread_create(&thread, NULL, work, NULL);
    if (argc > 1)
        pthread_mutex_lock(&mutex);
    stop = 1;
    if (argc > 1)
        pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&changed);
    pthread_join(thread, NULL);
    return 0;
}
