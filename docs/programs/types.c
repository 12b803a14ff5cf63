#include <stdio.h>
#include <sys/types.h>

int main(void) {
    printf("pid_t is %s\n", _Generic((pid_t)0, int: "int", long: "long", default: "another"));
    printf("as a uid_t, -1 is %u\n", (uid_t)-1);
    printf("is it below 0? %s\n", (uid_t)-1 < 0 ? "yes" : "no");
}
