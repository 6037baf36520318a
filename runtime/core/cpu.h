/* Whether this processor can run the code of a model. */
#ifndef NETC_CORE_CPU_H
#define NETC_CORE_CPU_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the first features of the list ("avx2,fma") that this processor and its operating system
 * lack, separated by commas, to `missing`; returns how many are missing. */
int netc_cpu_missing(const char *features, char *missing, size_t size);

#ifdef __cplusplus
}
#endif
#endif
