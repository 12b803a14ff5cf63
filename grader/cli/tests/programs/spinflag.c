/* A parent turns until a handler, and then until its child in shared memory, has set a flag. Counts its
 * rounds first, to no purpose. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t heard;

static void hear(int signal) {
    (void)signal;
    heard = 1;
}

int main(void) {
    volatile int *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_handler = hear};
    sigaction(SIGUSR1, &action, NULL);
    if (fork() == 0) {
        kill(getppid(), SIGUSR1);
        write(1, "first\n", 6);
        *done = 1;
        _exit(0);
    }
    for (volatile int rounds = 0; rounds < 20000000; rounds++)
        ;
    while (!heard)
        ;
    while (!*done)
        ;
    write(1, "second\n", 7);
    wait(NULL);
    return 0;
}
