/* Looks at a file and then opens it, while another process removes it. With an argument it just
 * opens, and takes ENOENT for an answer. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "/tmp/vanishes"

int main(int argc, char **argv) {
    (void)argv;
    struct stat stat_of;
    close(open(PLACE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    pid_t child = fork();
    if (child == 0) {
        unlink(PLACE);
        _exit(0);
    }
    if (argc > 1 || stat(PLACE, &stat_of) == 0) {
        int opened = open(PLACE, O_RDONLY | O_CLOEXEC);
        assert(opened >= 0 || (argc > 1 && errno == ENOENT));
        if (opened >= 0)
            close(opened);
    }
    waitpid(child, NULL, 0);
    return 0;
}
