#include <stdio.h>
#include <unistd.h>

int main(void) {
    execlp("echo", "echo", "I am echo now", NULL);
    printf("only if there is no echo\n");
}
