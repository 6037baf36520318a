/* Reading safetensors: eight bytes of header size, the header as JSON, the tensors' bytes. Every
 * tensor must have the size that its type and shape need, and together they must cover the data
 * without gaps or overlaps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/json.h"
#include "runtime/core/read_file.h"
#include "runtime/core/safetensors.h"

enum { MAX_HEADER = 100 << 20 };

static int find_dtype(const char* name, unsigned* dtype) {
  for (unsigned i = 0; i < NETC_DTYPE_COUNT; ++i) {
    if (strcmp(name, netc_dtype_safetensors(i)) == 0) {
      *dtype = i;
      return 1;
    }
  }
  return 0;
}

static void parse_dims(struct netc_json* json, struct netc_stored* tensor) {
  if (!netc_json_enter(json, '[')) return;
  for (int first = 1; netc_json_next(json, ']', &first);) {
    uint64_t size;
    if (tensor->rank == NETC_MAX_RANK) netc_json_fail(json, "a tensor has more than 16 dimensions");
    if (!netc_json_unsigned(json, &size)) return;
    if (size > INT64_MAX) netc_json_fail(json, "a dimension is too large");
    if (json->error == NULL) tensor->dims[tensor->rank++] = (int64_t)size;
  }
}

static void parse_offsets(struct netc_json* json, size_t available, struct netc_stored* tensor) {
  uint64_t bounds[2];
  int count = 0;
  if (!netc_json_enter(json, '[')) return;
  for (int first = 1; netc_json_next(json, ']', &first); ++count)
    if (count == 2 || !netc_json_unsigned(json, &bounds[count])) {
      netc_json_fail(json, "`data_offsets` are not two numbers");
      return;
    }
  if (json->error != NULL) return;
  if (count != 2)
    netc_json_fail(json, "`data_offsets` are not two numbers");
  else if (bounds[0] > bounds[1])
    netc_json_fail(json, "`data_offsets` run backwards");
  else if (bounds[1] > available)
    netc_json_fail(json, "`data_offsets` lie beyond the end of the file");
  else
    tensor->offset = bounds[0], tensor->bytes = bounds[1] - bounds[0];
}

static void parse_tensor(struct netc_json* json, size_t available, struct netc_stored* tensor) {
  int seen_dtype = 0, seen_shape = 0, seen_offsets = 0;
  if (!netc_json_enter(json, '{')) return;
  for (int first = 1; netc_json_next(json, '}', &first);) {
    char* key = netc_json_key(json);
    if (key == NULL) return;
    if (strcmp(key, "dtype") == 0 && !seen_dtype++) {
      char* name = netc_json_string(json);
      if (name != NULL && !find_dtype(name, &tensor->dtype))
        netc_json_fail(json, "the element type is none of F64 F32 F16 BF16 I64 I32 U8 BOOL");
      free(name);
    } else if (strcmp(key, "shape") == 0 && !seen_shape++) {
      parse_dims(json, tensor);
    } else if (strcmp(key, "data_offsets") == 0 && !seen_offsets++) {
      parse_offsets(json, available, tensor);
    } else {
      netc_json_fail(json, "a tensor has an unknown or repeated field");
    }
    free(key);
  }
  if (json->error != NULL) return;
  if (!seen_dtype || !seen_shape || !seen_offsets) {
    netc_json_fail(json, "a tensor lacks `dtype`, `shape` or `data_offsets`");
    return;
  }
  size_t bytes = netc_elements(tensor->dims, tensor->rank, 1);
  if (bytes == SIZE_MAX || __builtin_mul_overflow(bytes, netc_dtype_bytes(tensor->dtype), &bytes))
    netc_json_fail(json, "the size of a shape overflows");
  else if (bytes != tensor->bytes)
    netc_json_fail(json, "`data_offsets` do not have the size of type and shape");
}

static void parse_metadata(struct netc_json* json, struct netc_safetensors* file) {
  size_t room = 0;
  if (file->metadata != NULL) netc_json_fail(json, "`__metadata__` is there twice");
  if (!netc_json_enter(json, '{')) return;
  for (int first = 1; netc_json_next(json, '}', &first);) {
    if (file->metadata_count == room) {
      room = room == 0 ? 16 : 2 * room;
      struct netc_pair* grown = realloc(file->metadata, room * sizeof *grown);
      if (grown == NULL) return netc_json_fail(json, "not enough memory");
      file->metadata = grown;
    }
    struct netc_pair* pair = &file->metadata[file->metadata_count];
    pair->key = netc_json_key(json);
    pair->value = pair->key != NULL ? netc_json_string(json) : NULL;
    ++file->metadata_count;
    if (pair->value == NULL) return;
  }
}

static void parse_header(struct netc_json* json, struct netc_safetensors* file, size_t available) {
  size_t room = 0;
  if (!netc_json_enter(json, '{')) return;
  for (int first = 1; netc_json_next(json, '}', &first);) {
    char* key = netc_json_key(json);
    if (key == NULL) return;
    if (strcmp(key, "__metadata__") == 0) {
      free(key);
      parse_metadata(json, file);
      continue;
    }
    if (file->count == room) {
      room = room == 0 ? 64 : 2 * room;
      struct netc_stored* grown = realloc(file->tensors, room * sizeof *grown);
      if (grown == NULL) {
        free(key);
        return netc_json_fail(json, "not enough memory");
      }
      file->tensors = grown;
    }
    struct netc_stored* tensor = &file->tensors[file->count++];
    memset(tensor, 0, sizeof *tensor);
    tensor->name = key;
    parse_tensor(json, available, tensor);
  }
  netc_json_finished(json);
}

static int by_name(const void* a, const void* b) {
  return strcmp(((const struct netc_stored*)a)->name, ((const struct netc_stored*)b)->name);
}

static int by_offset(const void* a, const void* b) {
  const struct netc_stored *one = a, *other = b;
  if (one->offset != other->offset) return one->offset < other->offset ? -1 : 1;
  return one->bytes != other->bytes ? (one->bytes < other->bytes ? -1 : 1) : by_name(a, b);
}

/* Whether the tensors cover the data exactly and differ in name; leaves them sorted by name. */
static int check_layout(struct netc_safetensors* file, size_t available, const char* path,
                        char* error, size_t error_size) {
  size_t end = 0;
  if (file->count > 0) qsort(file->tensors, file->count, sizeof *file->tensors, by_offset);
  for (size_t i = 0; i < file->count; ++i) {
    const struct netc_stored* tensor = &file->tensors[i];
    if (tensor->offset != end) {
      const char* fault =
          tensor->offset < end ? "overlaps another tensor" : "leaves a gap before it";
      snprintf(error, error_size, "%s: damaged header: `%s` %s", path, tensor->name, fault);
      return NETC_BAD_FILE;
    }
    end += tensor->bytes;
  }
  if (end != available) {
    snprintf(error, error_size, "%s: %zu bytes of data, but the header describes %zu", path,
             available, end);
    return NETC_BAD_FILE;
  }
  if (file->count > 0) qsort(file->tensors, file->count, sizeof *file->tensors, by_name);
  for (size_t i = 1; i < file->count; ++i) {
    if (strcmp(file->tensors[i - 1].name, file->tensors[i].name) == 0) {
      snprintf(error, error_size, "%s: damaged header: `%s` is there twice", path,
               file->tensors[i].name);
      return NETC_BAD_FILE;
    }
  }
  return NETC_OK;
}

int netc_safetensors_parse(struct netc_safetensors* file, const unsigned char* bytes, size_t size,
                           const char* path, char* error, size_t error_size) {
  memset(file, 0, sizeof *file);
  uint64_t header = 0;
  if (size < 8) {
    snprintf(error, error_size, "%s: %zu bytes are too few for a safetensors file", path, size);
    return NETC_BAD_FILE;
  }
  for (int i = 7; i >= 0; --i) header = header << 8 | bytes[i];
  if (header < 2 || bytes[8 < size ? 8 : 0] != '{') {
    snprintf(error, error_size, "%s: this is no safetensors file", path);
    return NETC_BAD_FILE;
  }
  if (header > MAX_HEADER || header > size - 8) {
    snprintf(error, error_size,
             "%s: a header of %llu bytes is promised, but %zu follow: truncated, or no safetensors",
             path, (unsigned long long)header, size - 8);
    return NETC_BAD_FILE;
  }
  size_t available = size - 8 - (size_t)header;
  struct netc_json json = netc_json_begin((const char*)bytes + 8, (size_t)header);
  parse_header(&json, file, available);
  int status = NETC_OK;
  if (json.error != NULL) {
    const char* name = file->count > 0 ? file->tensors[file->count - 1].name : NULL;
    snprintf(error, error_size, "%s: damaged header: %s%s%s%s (byte %zu)", path, json.error,
             name ? ", at or after `" : "", name ? name : "", name ? "`" : "",
             (size_t)(json.at - (const char*)bytes));
    status = NETC_BAD_FILE;
  } else {
    status = check_layout(file, available, path, error, error_size);
  }
  file->data = bytes + 8 + header;
  if (status != NETC_OK) netc_safetensors_close(file);
  return status;
}

int netc_safetensors_open(struct netc_safetensors* file, const char* path, char* error,
                          size_t error_size) {
  unsigned char* bytes;
  size_t size;
  memset(file, 0, sizeof *file);
  if (!netc_read_file(path, &bytes, &size)) {
    snprintf(error, error_size, "%s: %s", path, strerror(errno));
    return NETC_BAD_FILE;
  }
  if (strcmp(path, "-") == 0) path = "standard input";
  int status = netc_safetensors_parse(file, bytes, size, path, error, error_size);
  if (status == NETC_OK)
    file->owned = bytes;
  else
    free(bytes);
  return status;
}

void netc_safetensors_close(struct netc_safetensors* file) {
  for (size_t i = 0; i < file->count; ++i) free(file->tensors[i].name);
  for (size_t i = 0; i < file->metadata_count; ++i) {
    free(file->metadata[i].key);
    free(file->metadata[i].value);
  }
  free(file->tensors);
  free(file->metadata);
  free(file->owned);
  memset(file, 0, sizeof *file);
}

const struct netc_stored* netc_safetensors_find(const struct netc_safetensors* file,
                                                const char* name) {
  size_t low = 0, high = file->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(name, file->tensors[middle].name);
    if (order == 0) return &file->tensors[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

const char* netc_safetensors_metadata(const struct netc_safetensors* file, const char* key) {
  for (size_t i = 0; i < file->metadata_count; ++i)
    if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
  return NULL;
}

int netc_stored_fits(const struct netc_stored* stored, const struct netc_tensor* tensor) {
  int same_type = stored->dtype == tensor->dtype ||
                  (netc_dtype_is_float(stored->dtype) && netc_dtype_is_float(tensor->dtype));
  if (!same_type || stored->rank != tensor->rank) return 0;
  for (unsigned i = 0; i < stored->rank; ++i)
    if (stored->dims[i] != tensor->dims[i]) return 0;
  return 1;
}

void netc_stored_copy(const struct netc_safetensors* file, const struct netc_stored* stored,
                      unsigned dtype, void* to) {
  const unsigned char* from = file->data + stored->offset;
  if (stored->dtype == dtype) {
    if (stored->bytes > 0) memcpy(to, from, stored->bytes);
    return;
  }
  size_t count = stored->bytes / netc_dtype_bytes(stored->dtype);
  for (size_t i = 0; i < count; ++i)
    netc_dtype_store(dtype, to, i, netc_dtype_load(stored->dtype, from, i));
}
