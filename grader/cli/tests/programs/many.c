/* Ten thousand children at once. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    for (int n = 0; n < 10000; n++) {
        if (fork() == 0) {
            pause();
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}
