/* The child waits for something that its parent never sends, and is still there when it ends. */
#include <unistd.h>

int main(void) {
    int go[2];
    char byte;
    pipe(go);
    if (fork() == 0) {
        read(go[0], &byte, 1); /* holds the write end itself */
        _exit(0);
    }
    return 0;
}
