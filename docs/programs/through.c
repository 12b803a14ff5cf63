#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int ends[2];
    pipe(ends);
    if (fork() == 0) {
        write(ends[1], "good day", 8);
        _exit(0);
    }
    char text[9] = "";
    read(ends[0], text, 8);
    printf("the parent has read: %s\n", text);
    wait(NULL);
}
