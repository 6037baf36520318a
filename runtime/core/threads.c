/* Affinity, and the quota of control groups in both their versions, from this process's own group
 * up to the root. */
#define _GNU_SOURCE
#include "runtime/core/threads.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
/* Bits of MXCSR. */
enum { ZERO_OPERANDS = 0x0040, NO_TRAPS = 0x1F80, FLUSH_RESULTS = 0x8000 };

unsigned netc_float_mode_set(void) {
  unsigned before = _mm_getcsr();
  _mm_setcsr(NO_TRAPS | FLUSH_RESULTS | ZERO_OPERANDS);
  return before;
}
void netc_float_mode_restore(unsigned mode) { _mm_setcsr(mode); }
#else
unsigned netc_float_mode_set(void) { return 0; }
void netc_float_mode_restore(unsigned mode) { (void)mode; }
#endif

static int by_affinity(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return NETC_MAX_THREADS;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

/* Threads that fill a quota, rounded up; NETC_MAX_THREADS if there is none. */
static int threads_of(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return NETC_MAX_THREADS;
  long long count = (quota + period - 1) / period;
  return count < NETC_MAX_THREADS ? (int)count : NETC_MAX_THREADS;
}

static int read_quota(const char* path) {
  FILE* file = fopen(path, "re");
  long long quota = -1, period = 100000;
  if (file == NULL) return NETC_MAX_THREADS;
  /* Version 2 has "max 100000" or "150000 100000". */
  int found = fscanf(file, "%lld %lld", &quota, &period);
  fclose(file);
  return found >= 1 ? threads_of(quota, period) : NETC_MAX_THREADS;
}

/* The least quota from a group up to the root of its hierarchy. */
static int by_group(const char* root, char* group, const char* file) {
  int least = NETC_MAX_THREADS;
  char path[1200];
  for (;;) {
    snprintf(path, sizeof path, "%s%s/%s", root, group, file);
    int count = read_quota(path);
    if (count < least) least = count;
    char* slash = strrchr(group, '/');
    if (slash == NULL) return least;
    *slash = 0;
  }
}

static int by_quota(void) {
  int least = NETC_MAX_THREADS;
  char line[1024];
  FILE* groups = fopen("/proc/self/cgroup", "re");
  if (groups == NULL) return least;
  /* A line is "hierarchy:controllers:/group"; version 2 has no controllers. */
  while (fgets(line, sizeof line, groups) != NULL) {
    line[strcspn(line, "\n")] = 0;
    char* controllers = strchr(line, ':');
    char* group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) continue;
    *group++ = 0;
    ++controllers;
    int count = NETC_MAX_THREADS;
    if (*controllers == 0)
      count = by_group("/sys/fs/cgroup", group, "cpu.max");
    else if (strcmp(controllers, "cpu") == 0 || strncmp(controllers, "cpu,", 4) == 0 ||
             strstr(controllers, ",cpu,") != NULL)
      count = by_group("/sys/fs/cgroup/cpu", group, "cpu.cfs_quota_us");
    if (count < least) least = count;
  }
  fclose(groups);
  return least;
}

int netc_threads_allowed(int asked) {
  if (asked == 1) return 1; /* and no file is read, which would take memory */
  int count = by_affinity();
  int quota = by_quota();
  if (quota < count) count = quota;
  if (asked > 0 && asked < count) count = asked;
  return count < NETC_MAX_THREADS ? count : NETC_MAX_THREADS;
}
