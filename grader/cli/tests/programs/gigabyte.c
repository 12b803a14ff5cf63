/* Writes a gigabyte. */
#include <string.h>
#include <unistd.h>

int main(void) {
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int n = 0; n < 1024; n++) {
        write(1, block, sizeof block);
    }
    return 0;
}
