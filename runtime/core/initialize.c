/* Initialisers draw from a stream of their variable's own, so that neither the order of variables
 * nor the number of threads shows in the values. */
#include "runtime/core/initialize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/dtype.h"
#include "runtime/core/orthogonal.h"
#include "runtime/core/philox.h"
#include "runtime/core/safetensors.h"

/* Two uniform numbers in [0, 1) with 53 bits from one block. */
static void uniform_pair(const struct netc_stream* stream, uint64_t position, double out[2]) {
  uint32_t words[4];
  netc_stream_block(stream, position, words);
  for (int i = 0; i < 2; ++i)
    out[i] = (double)((uint64_t)words[2 * i] << 21 | words[2 * i + 1] >> 11) * 0x1p-53;
}

/* Two normal numbers, by Box and Muller. */
static void normal_pair(const struct netc_stream* stream, uint64_t position, double out[2]) {
  const double two_pi = 6.283185307179586476925;
  double uniform[2];
  uniform_pair(stream, position, uniform);
  double radius = sqrt(-2 * log(1 - uniform[0]));
  out[0] = radius * cos(two_pi * uniform[1]);
  out[1] = radius * sin(two_pi * uniform[1]);
}

static void fill_constant(const struct netc_tensor* variable, void* to, size_t count,
                          double value) {
  for (size_t i = 0; i < count; ++i) netc_dtype_store(variable->dtype, to, i, value);
}

/* offset + scale * draw */
static void fill_random(const struct netc_tensor* variable, uint64_t seed, void* to, size_t count,
                        void (*draw)(const struct netc_stream*, uint64_t, double[2]), double offset,
                        double scale) {
  struct netc_stream stream = netc_stream_of(seed, netc_hash_name(variable->name));
  for (size_t i = 0; i < count; i += 2) {
    double pair[2];
    draw(&stream, i / 2, pair);
    for (size_t k = 0; k < 2 && i + k < count; ++k)
      netc_dtype_store(variable->dtype, to, i + k, offset + scale * pair[k]);
  }
}

/* Keras's: the last dimension is fan-out, the second last fan-in, both times the rest. */
static void fans(const struct netc_tensor* variable, double* in, double* out) {
  unsigned rank = variable->rank;
  double rest = 1;
  for (unsigned i = 0; i + 2 < rank; ++i) rest *= (double)variable->dims[i];
  *out = rank > 0 ? rest * (double)variable->dims[rank - 1] : 1;
  *in = rank > 1 ? rest * (double)variable->dims[rank - 2] : *out;
}

static int fill_orthogonal(const struct netc_tensor* variable, uint64_t seed, void* to,
                           size_t count, char* error, size_t size) {
  if (count == 0) return NETC_OK;
  size_t columns = variable->rank > 0 ? (size_t)variable->dims[variable->rank - 1] : 1;
  double* matrix = malloc(count * sizeof *matrix);
  if (matrix == NULL) {
    snprintf(error, size, "not enough memory to make `%s` orthogonal", variable->name);
    return NETC_NO_MEMORY;
  }
  struct netc_stream stream = netc_stream_of(seed, netc_hash_name(variable->name));
  for (size_t i = 0; i < count; i += 2) {
    double pair[2];
    normal_pair(&stream, i / 2, pair);
    for (size_t k = 0; k < 2 && i + k < count; ++k) matrix[i + k] = pair[k];
  }
  /* The shorter side's vectors are made orthonormal; they lie in rows. */
  size_t rows = count / columns;
  int wide = rows <= columns;
  size_t vectors = wide ? rows : columns, length = wide ? columns : rows;
  netc_orthonormalize(matrix, vectors, length);
  for (size_t v = 0; v < vectors; ++v)
    for (size_t i = 0; i < length; ++i)
      netc_dtype_store(variable->dtype, to, wide ? v * columns + i : i * columns + v,
                       matrix[v * length + i]);
  free(matrix);
  return NETC_OK;
}

static int fill_loaded(const struct netc_tensor* variable, void* to, char* error, size_t size) {
  if (variable->init.string_count < 2) {
    snprintf(error, size, "`%s`: init load names no file and tensor", variable->name);
    return NETC_BAD_ARGUMENT;
  }
  const char *path = variable->init.strings[0], *name = variable->init.strings[1];
  struct netc_safetensors file;
  int status = netc_safetensors_open(&file, path, error, size);
  if (status != NETC_OK) return status;
  const struct netc_stored* stored = netc_safetensors_find(&file, name);
  if (stored == NULL) {
    snprintf(error, size, "%s: no tensor `%s`, from which `%s` starts", path, name, variable->name);
    status = NETC_MISMATCH;
  } else if (!netc_stored_fits(stored, variable)) {
    char here[200], there[200];
    netc_type_text(here, sizeof here, variable->dtype, variable->dims, variable->rank);
    netc_type_text(there, sizeof there, stored->dtype, stored->dims, stored->rank);
    snprintf(error, size, "%s: `%s` is %s, but `%s`, which starts from it, is %s", path, name,
             there, variable->name, here);
    status = NETC_MISMATCH;
  } else {
    netc_stored_copy(&file, stored, variable->dtype, to);
  }
  netc_safetensors_close(&file);
  return status;
}

int netc_initialize(const struct netc_tensor* variable, uint64_t seed, void* to, char* error,
                    size_t size) {
  const char* kind = variable->init.kind != NULL ? variable->init.kind : "zeros";
  const double* given = variable->init.arguments;
  double first = variable->init.argument_count > 0 ? given[0] : 0;
  double second = variable->init.argument_count > 1 ? given[1] : 1;
  size_t count = netc_elements(variable->dims, variable->rank, 1);
  double in, out;
  fans(variable, &in, &out);
  double spread = 0; /* of the named distributions: a variance */
  int normal = 0;
  if (strcmp(kind, "zeros") == 0) return fill_constant(variable, to, count, 0), NETC_OK;
  if (strcmp(kind, "ones") == 0) return fill_constant(variable, to, count, 1), NETC_OK;
  if (strcmp(kind, "constant") == 0) return fill_constant(variable, to, count, first), NETC_OK;
  if (strcmp(kind, "orthogonal") == 0)
    return fill_orthogonal(variable, seed, to, count, error, size);
  if (strcmp(kind, "load") == 0) return fill_loaded(variable, to, error, size);
  if (strcmp(kind, "uniform") == 0) {
    fill_random(variable, seed, to, count, uniform_pair, first, second - first);
    return NETC_OK;
  }
  if (strcmp(kind, "normal") == 0) {
    fill_random(variable, seed, to, count, normal_pair, first, second);
    return NETC_OK;
  }
  if (strncmp(kind, "glorot_", 7) == 0) spread = 2 / (in + out);
  if (strncmp(kind, "he_", 3) == 0) spread = 2 / in;
  if (strncmp(kind, "lecun_", 6) == 0) spread = 1 / in;
  if (spread == 0) {
    snprintf(error, size, "`%s` has the unknown initialiser `%s`", variable->name, kind);
    return NETC_BAD_ARGUMENT;
  }
  normal = strstr(kind, "_normal") != NULL;
  /* A uniform distribution over [-limit, limit] has the variance limit^2 / 3. */
  double limit = sqrt(3 * spread);
  if (normal)
    fill_random(variable, seed, to, count, normal_pair, 0, sqrt(spread));
  else
    fill_random(variable, seed, to, count, uniform_pair, -limit, 2 * limit);
  return NETC_OK;
}
