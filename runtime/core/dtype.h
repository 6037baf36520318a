/* Element types: their sizes, their names, and conversion of their values to and from double. */
#ifndef NETC_CORE_DTYPE_H
#define NETC_CORE_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/core/netc_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NETC_DTYPE_COUNT = NETC_BOOL + 1 };

size_t netc_dtype_bytes(unsigned dtype);
const char* netc_dtype_name(unsigned dtype);        /* "f32" */
const char* netc_dtype_safetensors(unsigned dtype); /* "F32" */
int netc_dtype_is_float(unsigned dtype);

/* The value of element `index`; an i64 beyond 2^53 is rounded. */
double netc_dtype_load(unsigned dtype, const void* from, size_t index);
/* Stores a value: floats round to nearest even, integers saturate, bool is whether it is not 0. */
void netc_dtype_store(unsigned dtype, void* to, size_t index, double value);

/* Elements of a tensor when the batch is `n`; SIZE_MAX where that overflows. */
size_t netc_elements(const int64_t* dims, unsigned rank, int64_t n);
/* "f32[N, 784]". Writes at most `size` bytes with the final zero. */
void netc_type_text(char* to, size_t size, unsigned dtype, const int64_t* dims, unsigned rank);

#ifdef __cplusplus
}
#endif
#endif
