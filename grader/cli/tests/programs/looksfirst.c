/* Two processes make a file. Who looks first and makes it then may find it made by the other; with
 * an argument each just tries, and takes EEXIST for an answer. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "/tmp/looksfirst"

int main(int argc, char **argv) {
    (void)argv;
    pid_t child = fork();
    if (argc > 1 || access(PLACE, F_OK) < 0) {
        int made = open(PLACE, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        assert(made >= 0 || (argc > 1 && errno == EEXIST));
        if (made >= 0)
            close(made);
    }
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    unlink(PLACE);
    return 0;
}
