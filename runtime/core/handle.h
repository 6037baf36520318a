/* What stands behind a handle: a model's variables, settings, and the memory of its steps, all in
 * one piece of memory. */
#ifndef NETC_CORE_HANDLE_H
#define NETC_CORE_HANDLE_H

#include "runtime/core/netc_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NETC_ERROR_BYTES = 4096 };

struct netc_handle {
  const struct netc_model* model;
  void* owned;       /* the memory, if it is ours to free */
  void** variables;  /* in the order of the model */
  void** evaluated;  /* likewise, with averages in place of the parameters they average */
  int64_t averaging; /* the training entry whose averages these are; -1: none yet */
  double* settings;
  unsigned char* arena;
  unsigned char* spare; /* for results that the caller does not want */
  void** results;       /* what an entry gets: the caller's memory or spare */
  const void** inputs;  /* likewise */
  double* sums;         /* of results over chunks */
  uint64_t seed;
  int64_t steps; /* training steps taken */
  struct netc_pool* pool;
  int pool_is_ours;
  int failed; /* the status of a creation that failed: only the error can be told */
  char error[NETC_ERROR_BYTES];
};

/* Keeps the words of a failure and returns its status. */
int netc_fail(const struct netc_handle* handle, int status, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

/* The parameter that a variable averages, or -1: "average.dense1.w" and "average2.dense1.w", which
 * the entries "train" and "train2" keep, average "dense1.w". */
int64_t netc_averaged_parameter(const struct netc_model* model, uint32_t variable);
/* From now on evaluation reads the averages that this training entry keeps. */
void netc_handle_use_averages(struct netc_handle* handle, uint32_t entry);

/* First values for the variables whose role's bit (1 << role) is in `roles`. Averages start as
 * copies. Words of a failure go to the handle's error. */
int netc_handle_initialize(struct netc_handle* handle, unsigned roles);
/* Makes every average a copy of its parameter. */
void netc_handle_reset_averages(struct netc_handle* handle);

/* Bytes of a variable, or of an entry's result for a batch of n. */
size_t netc_tensor_bytes(const struct netc_tensor* tensor, int64_t n);
size_t netc_result_bytes(const struct netc_result* result, int64_t n);

/* Whether all values of checked inputs are in range; on failure the words, where `first_row` counts
 * the rows before the first one. */
int netc_check_inputs(struct netc_handle* handle, const struct netc_entry* entry, size_t n,
                      const void* const* inputs);

/* Where the rows [first, first + count) of an entry's inputs lie, in its order. */
typedef const void* const* (*netc_rows)(void* data, size_t first, size_t count);
/* `netc_rt_run` on rows that are fetched chunk by chunk; their values are known to be in range. */
int netc_run_rows(struct netc_handle* handle, uint32_t entry, size_t n, netc_rows rows, void* data,
                  void* const* results);

/* The nearest of some names to one that is unknown, or NULL if none is near. `name_of` gives names
 * by position. */
const char* netc_nearest(const char* name, size_t count,
                         const char* (*name_of)(const void*, size_t), const void* list);

#ifdef __cplusplus
}
#endif
#endif
