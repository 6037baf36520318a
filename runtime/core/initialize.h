/* First values of variables. */
#ifndef NETC_CORE_INITIALIZE_H
#define NETC_CORE_INITIALIZE_H

#include "runtime/core/netc_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills a variable as its initialiser says. The values are a function of the seed and the
 * variable's name, computed in double and rounded to its type. On failure `error` (of `size`
 * bytes) has the words. */
int netc_initialize(const struct netc_tensor* variable, uint64_t seed, void* to, char* error,
                    size_t size);

#ifdef __cplusplus
}
#endif
#endif
