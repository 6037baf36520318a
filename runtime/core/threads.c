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

/* Reads up to two numbers from ROOT/GROUP/FILE; their count. */
static int read_numbers(const char* folder, const char* group, const char* name, long long* first,
                        long long* second) {
  char path[2400];
  snprintf(path, sizeof path, "%s%s/%s", folder, group, name);
  FILE* file = fopen(path, "re");
  if (file == NULL) return 0;
  int found = fscanf(file, "%lld %lld", first, second);
  fclose(file);
  return found;
}

/* Of one group: version 2 has "max 100000" or "150000 100000" in one file, version 1 has two. */
static int read_quota(const char* folder, const char* group, int version) {
  long long quota = -1, period = 100000, unused;
  if (version == 2) {
    read_numbers(folder, group, "cpu.max", &quota, &period);
  } else {
    read_numbers(folder, group, "cpu.cfs_quota_us", &quota, &unused);
    read_numbers(folder, group, "cpu.cfs_period_us", &period, &unused);
  }
  return threads_of(quota, period);
}

/* The least quota from a group up to the root of its hierarchy. */
static int by_group(const char* folder, char* group, int version) {
  int least = NETC_MAX_THREADS;
  for (;;) {
    int count = read_quota(folder, group, version);
    if (count < least) least = count;
    char* slash = strrchr(group, '/');
    if (slash == NULL) return least;
    *slash = 0;
  }
}

/* Whether "cpu" is in a list such as "cpuacct,cpu". */
static int names_cpu(const char* controllers) {
  for (;;) {
    size_t length = strcspn(controllers, ",");
    if (length == 3 && memcmp(controllers, "cpu", 3) == 0) return 1;
    if (controllers[length] == 0) return 0;
    controllers += length + 1;
  }
}

int netc_threads_by_quota(const char* groups_of_process, const char* root) {
  int least = NETC_MAX_THREADS;
  char line[1024], folder[1024];
  FILE* groups = fopen(groups_of_process, "re");
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
    int version = *controllers == 0 ? 2 : 1;
    snprintf(folder, sizeof folder, "%s%s", root, version == 1 ? "/cpu" : "");
    if (version == 2 || names_cpu(controllers)) count = by_group(folder, group, version);
    if (count < least) least = count;
  }
  fclose(groups);
  return least;
}

int netc_threads_allowed(int asked) {
  if (asked == 1) return 1; /* and no file is read, which would take memory */
  int count = by_affinity();
  int quota = netc_threads_by_quota("/proc/self/cgroup", "/sys/fs/cgroup");
  if (quota < count) count = quota;
  if (asked > 0 && asked < count) count = asked;
  return count < NETC_MAX_THREADS ? count : NETC_MAX_THREADS;
}
