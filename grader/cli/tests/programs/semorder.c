/* Two processes take two semaphores in shared memory, each in its own order; with an argument both
 * in the same. */
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    (void)argv;
    sem_t *semaphores =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(&semaphores[0], 1, 1);
    sem_init(&semaphores[1], 1, 1);
    pid_t child = fork();
    int first = argc == 1 && child == 0;
    sem_wait(&semaphores[first]);
    sem_wait(&semaphores[!first]);
    sem_post(&semaphores[!first]);
    sem_post(&semaphores[first]);
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    return 0;
}
