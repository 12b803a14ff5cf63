/* Makes a name of every kind, and takes each away again; writes a result to the current folder. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char name[] = "/tmp/tidy-XXXXXX";
    close(mkstemp(name));
    unlink(name);
    close(shm_open("/tidy", O_CREAT | O_EXCL | O_RDWR, 0600));
    shm_unlink("/tidy");
    sem_close(sem_open("/tidy", O_CREAT | O_EXCL, 0600, 1));
    sem_unlink("/tidy");
    mkfifo("tidy-fifo", 0600);
    unlink("tidy-fifo");
    int result = open("result", O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (result < 0) {
        return 1; /* a run before this one left it: runs are not kept apart */
    }
    write(result, "done\n", 5);
    close(result);
    puts(name);
    return 0;
}
