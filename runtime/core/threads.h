/* How many threads this process may use, and the mode in which all of them compute. */
#ifndef NETC_CORE_THREADS_H
#define NETC_CORE_THREADS_H

#ifdef __cplusplus
extern "C" {
#endif

enum { NETC_MAX_THREADS = 256 };

/* The smallest of the affinity mask, the container's CPU quota, and what is asked for (0: no wish);
 * at least 1. */
int netc_threads_allowed(int asked);

/* Threads that fill the CPU quotas of a process's control groups, whose list is a file as
 * /proc/self/cgroup, below a folder as /sys/fs/cgroup; NETC_MAX_THREADS where there is no quota. */
int netc_threads_by_quota(const char* groups_of_process, const char* root);

/* Rounding to nearest, no traps, subnormal numbers taken as zero: vanishing gradients are full of
 * them, and on many processors an operation on one takes a hundred times as long. Returns the mode
 * before, for `restore`. */
unsigned netc_float_mode_set(void);
void netc_float_mode_restore(unsigned mode);

#ifdef __cplusplus
}
#endif
#endif
