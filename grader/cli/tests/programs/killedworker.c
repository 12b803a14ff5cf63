/* Two workers enter one at a time. Each may be killed while it is inside; only with SEM_UNDO does
   the kernel give back what it took. */
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HANDLES
#define UNDO SEM_UNDO
#else
#define UNDO 0
#endif

static int set;

static void change(short by) {
    struct sembuf operation = {.sem_op = by, .sem_flg = UNDO};
    semop(set, &operation, 1);
}

int main(void) {
    struct sembuf one = {.sem_op = 1};
    set = semget(IPC_PRIVATE, 1, 0600);
    semop(set, &one, 1);
    for (int n = 0; n < 2; n++) {
        if (fork() == 0) {
            change(-1);
            change(1);
            _exit(0);
        }
    }
    for (int n = 0; n < 2; n++) {
        wait(NULL);
    }
    semctl(set, 0, IPC_RMID);
    return 0;
}
