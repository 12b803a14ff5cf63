/* cat | tr, as a shell does it: every end closed where it must be, every child reaped. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(int fd, const char *bytes, ssize_t size) {
    for (ssize_t done = 0; done < size;) {
        ssize_t put = write(fd, bytes + done, (size_t)(size - done));
        if (put < 0) {
            _exit(1);
        }
        done += put;
    }
}

int main(void) {
    int first[2], second[2];
    char buffer[64];
    pipe(first);
    pipe(second);
    if (fork() == 0) {
        put(first[1], "hello\n", 6);
        _exit(0);
    }
    close(first[1]);
    if (fork() == 0) {
        close(second[0]);
        ssize_t got;
        while ((got = read(first[0], buffer, sizeof buffer)) > 0) {
            for (ssize_t n = 0; n < got; n++) {
                buffer[n] = buffer[n] >= 'a' && buffer[n] <= 'z' ? buffer[n] - 32 : buffer[n];
            }
            put(second[1], buffer, got);
        }
        _exit(0);
    }
    close(first[0]);
    close(second[1]);
    ssize_t got;
    while ((got = read(second[0], buffer, sizeof buffer)) > 0) {
        put(1, buffer, got);
    }
    close(second[0]);
    while (wait(NULL) > 0) {
    }
    return 0;
}
