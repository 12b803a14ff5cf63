/* Looks at a flag again and again, each time under the mutex that guards it. With an argument the
 * flag is never set. */
#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int ready;

static void *make_ready(void *none) {
    usleep(1000);
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_mutex_unlock(&mutex);
    return none;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t thread;
    if (argc == 1)
        pthread_create(&thread, NULL, make_ready, NULL);
    for (int seen = 0; !seen;) {
        pthread_mutex_lock(&mutex);
        seen = ready;
        pthread_mutex_unlock(&mutex);
    }
    pthread_join(thread, NULL);
    return 0;
}
