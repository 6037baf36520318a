/* Safetensors files: named tensors behind a JSON header. Reading trusts nothing that the header
 * says; writing goes to a file beside the target, which it replaces when all is on disk. */
#ifndef NETC_CORE_SAFETENSORS_H
#define NETC_CORE_SAFETENSORS_H

#include "runtime/core/dtype.h"
#include "runtime/core/netc_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NETC_MAX_RANK = 16 };

struct netc_stored {
  char* name;
  unsigned dtype;
  unsigned rank;
  int64_t dims[NETC_MAX_RANK];
  size_t offset; /* within `data` */
  size_t bytes;
};

struct netc_pair {
  char *key, *value;
};

struct netc_safetensors {
  unsigned char* owned; /* the file's bytes, if they are ours */
  const unsigned char* data;
  struct netc_stored* tensors; /* sorted by name */
  size_t count;
  struct netc_pair* metadata;
  size_t metadata_count;
};

/* `path` is for the messages. The bytes must outlive the tensors. */
int netc_safetensors_parse(struct netc_safetensors* file, const unsigned char* bytes, size_t size,
                           const char* path, char* error, size_t error_size);
int netc_safetensors_open(struct netc_safetensors* file, const char* path, char* error,
                          size_t error_size);
void netc_safetensors_close(struct netc_safetensors* file);

const struct netc_stored* netc_safetensors_find(const struct netc_safetensors* file,
                                                const char* name);
const char* netc_safetensors_metadata(const struct netc_safetensors* file, const char* key);
/* Equal shapes, and equal types or floats of two sizes. */
int netc_stored_fits(const struct netc_stored* stored, const struct netc_tensor* tensor);
/* Copies the elements, floats rounded to `dtype`. */
void netc_stored_copy(const struct netc_safetensors* file, const struct netc_stored* stored,
                      unsigned dtype, void* to);

struct netc_to_store {
  const char* name;
  unsigned dtype;
  unsigned rank;
  const int64_t* dims;
  const void* data;
};

/* Writes tensors, in their order, and metadata. */
int netc_safetensors_write(const char* path, const struct netc_to_store* tensors, size_t count,
                           const struct netc_pair* metadata, size_t metadata_count, char* error,
                           size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
