/* Leaves a name of every kind behind. */
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int all = argc < 2;
    const char *what = all ? "" : argv[1];
    if (all || !strcmp(what, "temp")) {
        close(open("/tmp/left-file", O_CREAT | O_WRONLY, 0600));
    }
    if (all || !strcmp(what, "shm")) {
        close(shm_open("/left-memory", O_CREAT | O_RDWR, 0600));
    }
    if (all || !strcmp(what, "sem")) {
        sem_close(sem_open("/left-semaphore", O_CREAT, 0600, 1));
    }
    if (all || !strcmp(what, "queue")) {
        mq_close(mq_open("/left-queue", O_CREAT | O_RDWR, 0600, NULL));
    }
    if (all || !strcmp(what, "fifo")) {
        mkfifo("left-fifo", 0600); /* in the current folder */
    }
    if (all || !strcmp(what, "socket")) {
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/left-socket"};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        bind(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
    }
    if (all || !strcmp(what, "semget")) {
        semget(IPC_PRIVATE, 1, 0600);
    }
    if (all || !strcmp(what, "msgget")) {
        msgget(0x41, IPC_CREAT | 0600);
    }
    if (all || !strcmp(what, "shmget")) {
        shmget(IPC_PRIVATE, 4096, 0600);
    }
    return 0;
}
