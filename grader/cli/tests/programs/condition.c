/* Waits for a condition without a look whether it holds already; with an argument it looks. */
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int ready;

static void *make_ready(void *none) {
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return none;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t thread;
    pthread_create(&thread, NULL, make_ready, NULL);
    pthread_mutex_lock(&mutex);
    while (argc == 1 || !ready) {
        pthread_cond_wait(&condition, &mutex);
        if (argc == 1)
            break;
    }
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    return 0;
}
