/* Two children speak; nobody says who is first. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        write(1, "one\n", 4);
        _exit(0);
    }
    if (fork() == 0) {
        write(1, "two\n", 4);
        _exit(0);
    }
    wait(NULL);
    wait(NULL);
    return 0;
}
