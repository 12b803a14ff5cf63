/* Writes a file in three parts and reads it again. The disk may be full. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int failed(const char *what) {
    perror(what);
    unlink("parts");
    return 1;
}

int main(void) {
    char text[16];
    int file = open("parts", O_RDWR | O_CREAT | O_TRUNC, 0600);
#ifdef HANDLES
    if (file < 0) {
        return failed("open");
    }
#endif
    for (int n = 0; n < 3; n++) {
        ssize_t count = write(file, "abcd", 4);
#ifdef HANDLES
        if (count != 4) {
            return failed("write");
        }
#endif
    }
    ssize_t length = pread(file, text, sizeof text, 0);
    assert(length == 12);
    close(file);
    unlink("parts");
    return 0;
}
