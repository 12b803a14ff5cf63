/* The child's line is printed first because the parent sleeps, by select; with an argument, because it
 * waits as well. */
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timeval moment = {.tv_usec = 100000};
    (void)argv;
    if (fork() == 0) {
        write(1, "child\n", 6);
        _exit(0);
    }
    select(0, NULL, NULL, NULL, &moment);
    if (argc > 1)
        wait(NULL);
    write(1, "parent\n", 7);
    wait(NULL);
    return 0;
}
