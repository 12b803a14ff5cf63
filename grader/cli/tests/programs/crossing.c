/* Both sides write more than a pipe holds before they read: each waits for the other. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 200000 };
static char buffer[SIZE];

static void all(ssize_t (*move)(int, void *, size_t), int fd) {
    for (size_t done = 0; done < SIZE;) {
        ssize_t moved = move(fd, buffer + done, SIZE - done);
        if (moved <= 0) {
            _exit(2);
        }
        done += (size_t)moved;
    }
}

static ssize_t give(int fd, void *from, size_t size) {
    return write(fd, from, size);
}

int main(void) {
    int down[2], up[2];
    pipe(down);
    pipe(up);
    if (fork() == 0) {
        close(down[1]);
        close(up[0]);
        all(give, up[1]);
        all(read, down[0]);
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    all(give, down[1]);
    all(read, up[0]);
    wait(NULL);
    return 0;
}
