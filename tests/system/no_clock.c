/* Preloaded into a program: its clock stands at 1970, as that of a device whose battery is empty. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec* now) {
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec = 0;
    return 0;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
    (void)zone;
    now->tv_sec = 0;
    now->tv_usec = 0;
    return 0;
}

time_t time(time_t* now) {
    if (now) *now = 0;
    return 0;
}
