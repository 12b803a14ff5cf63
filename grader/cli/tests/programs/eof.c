/* A pipe that one process writes and reads back to its end: `eof NAME`, and with the write end left open
   `eof NAME wrong`. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static void tell(int signal) { write(ends[1], "s", 1); }

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    int wrong = argc > 2;
    char byte;
    pipe(ends);
    if (!strcmp(name, "handler"))
        signal(SIGUSR1, tell);
    write(ends[1], "x", 1);
    if (!wrong)
        close(ends[1]);
    if (!strcmp(name, "executes")) {
        dup2(ends[0], 0);
        close(ends[0]);
        execlp("cat", "cat", (char *)NULL);
    }
    while (read(ends[0], &byte, 1) > 0)
        write(1, &byte, 1);
    return 0;
}
