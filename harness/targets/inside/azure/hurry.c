/* Lets the extension's fixed waits pass N times faster (HURRY=N), and nothing else.
 *
 * Only its interpreters are touched, not what they start. A sleep runs at its own pace as long as
 * a child of the process lives, because it may be the wait for that child: budgets of scripts keep
 * their length. It runs N times faster while there is none, once the child has ended, and once a
 * signal has interrupted it, which is what it waited for. Sleeps of 30 s and more, and waits of
 * other kinds, are left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICE 5000000LL
#define LONG_SLEEP (30 * 1000000000LL)

static long long rate = 1;
static __thread struct timespec interrupted;

__attribute__((constructor)) static void begin(void)
{
    char line[4096];
    const char *wanted = getenv("HURRY");
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    int ours = 0, daemon = 0;
    if (fd >= 0)
        close(fd);
    for (char *word = line; length > 0 && word < line + length; word += strlen(word) + 1) {
        line[length] = 0;
        ours |= strcmp(word, "main/handle.py") == 0;
        daemon |= strcmp(word, "-daemon") == 0;
    }
    if (ours && wanted && atoi(wanted) > 1)
        rate = atoi(wanted);
    if (ours && daemon) {
        unsetenv("HURRY");
        unsetenv("LD_PRELOAD");
    }
}

static long long nanoseconds(const struct timespec *t)
{
    return t->tv_sec * 1000000000LL + t->tv_nsec;
}

static int child_lives(void)
{
    siginfo_t info;
    info.si_pid = 0;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

static int real(clockid_t clock, int flags, const struct timespec *request, struct timespec *left)
{
    return syscall(SYS_clock_nanosleep, clock, flags, request, left) == 0 ? 0 : errno;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
                    struct timespec *left)
{
    struct timespec now, then, slice;
    long long rest = nanoseconds(request);
    int told = (flags & TIMER_ABSTIME) && memcmp(request, &interrupted, sizeof now) == 0;
    if (flags & TIMER_ABSTIME) {
        clock_gettime(clock, &now);
        rest -= nanoseconds(&now);
    }
    if (rate == 1 || rest >= LONG_SLEEP)
        return real(clock, flags, request, left);
    clock_gettime(CLOCK_MONOTONIC, &then);
    while (rest > 0) {
        long long pace = !told && child_lives() ? 1 : rate;
        long long part = rest / pace < SLICE ? rest / pace : SLICE;
        slice.tv_sec = 0;
        slice.tv_nsec = part;
        if (part == 0)
            break;
        int error = real(CLOCK_MONOTONIC, 0, &slice, NULL);
        /* What a slice really took: a busy machine must not make the whole longer. */
        clock_gettime(CLOCK_MONOTONIC, &now);
        rest -= (nanoseconds(&now) - nanoseconds(&then)) * pace;
        then = now;
        if (error == EINTR) {
            interrupted = *request;
            if (left && !(flags & TIMER_ABSTIME)) {
                rest = rest > 0 ? rest : 0;
                left->tv_sec = rest / 1000000000LL;
                left->tv_nsec = rest % 1000000000LL;
            }
            return EINTR;
        }
    }
    memset(&interrupted, 0, sizeof interrupted);
    return 0;
}
