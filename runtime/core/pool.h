/* A pool of threads in memory that its owner provides. */
#ifndef NETC_CORE_POOL_H
#define NETC_CORE_POOL_H

#include "runtime/core/netc_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned to 64 bytes. Threads start with the first phase of several tasks. */
size_t netc_pool_bytes(void);
void netc_pool_begin(struct netc_pool *pool, int threads);
void netc_pool_end(struct netc_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
