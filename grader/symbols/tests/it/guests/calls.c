/* The same in C: also calls that Rust programs do not make. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_signal(int signal) {
    write(1, "!", 1); /* here: in handler */
}

static void forked(void) {
    pid_t child = fork(); /* here: fork */
    if (child == 0) {
        _exit(0); /* here: _exit */
    }
    wait(NULL); /* here: wait */
}

static void vforked(void) {
    pid_t child = vfork(); /* here: vfork */
    if (child == 0) {
        _exit(0);
    }
    wait(NULL);
}

static void handler(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1); /* here: interrupted */
}

static void wild(void) {
    void (*volatile nowhere)(void) = NULL;
    nowhere(); /* here: wild */
}

int main(int count, char **words) {
    if (count < 2) return 1;
    if (!strcmp(words[1], "fork")) forked();     /* here: main fork */
    if (!strcmp(words[1], "vfork")) vforked();   /* here: main vfork */
    if (!strcmp(words[1], "handler")) handler(); /* here: main handler */
    if (!strcmp(words[1], "wild")) wild();       /* here: main wild */
    return 0;
}
