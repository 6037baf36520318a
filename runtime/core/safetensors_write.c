/* Writing safetensors: the header is made in memory, then tensors follow in the order given. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/replace_file.h"
#include "runtime/core/safetensors.h"

static void put_string(FILE* to, const char* text) {
  fputc('"', to);
  for (; *text; ++text) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      fprintf(to, "\\%c", c);
    else if (c < 0x20)
      fprintf(to, "\\u%04x", c);
    else
      fputc(c, to);
  }
  fputc('"', to);
}

static size_t stored_bytes(const struct netc_to_store* tensor) {
  return netc_elements(tensor->dims, tensor->rank, 1) * netc_dtype_bytes(tensor->dtype);
}

static void put_header(FILE* to, const struct netc_to_store* tensors, size_t count,
                       const struct netc_pair* metadata, size_t metadata_count) {
  size_t offset = 0;
  const char* separator = "";
  fputc('{', to);
  if (metadata_count > 0) {
    fputs("\"__metadata__\":{", to);
    for (size_t i = 0; i < metadata_count; ++i) {
      if (i > 0) fputc(',', to);
      put_string(to, metadata[i].key);
      fputc(':', to);
      put_string(to, metadata[i].value);
    }
    fputc('}', to);
    separator = ",";
  }
  for (size_t i = 0; i < count; ++i, separator = ",") {
    const struct netc_to_store* tensor = &tensors[i];
    fputs(separator, to);
    put_string(to, tensor->name);
    fprintf(to, ":{\"dtype\":\"%s\",\"shape\":[", netc_dtype_safetensors(tensor->dtype));
    for (unsigned d = 0; d < tensor->rank; ++d)
      fprintf(to, "%s%lld", d > 0 ? "," : "", (long long)tensor->dims[d]);
    size_t end = offset + stored_bytes(tensor);
    fprintf(to, "],\"data_offsets\":[%zu,%zu]}", offset, end);
    offset = end;
  }
  fputc('}', to);
}

/* The header with its size before it, padded so that the data begin at a multiple of 8. */
static int make_header(char** text, size_t* size, const struct netc_to_store* tensors, size_t count,
                       const struct netc_pair* metadata, size_t metadata_count) {
  FILE* to = open_memstream(text, size);
  if (to == NULL) return 0;
  fwrite("\0\0\0\0\0\0\0\0", 1, 8, to);
  put_header(to, tensors, count, metadata, metadata_count);
  for (long end = ftell(to); end % 8 != 0; ++end) fputc(' ', to);
  if (fclose(to) != 0) return 0;
  for (int i = 0; i < 8; ++i) (*text)[i] = (char)(((uint64_t)*size - 8) >> 8 * i);
  return 1;
}

int netc_safetensors_write(const char* path, const struct netc_to_store* tensors, size_t count,
                           const struct netc_pair* metadata, size_t metadata_count, char* error,
                           size_t error_size) {
  char* header = NULL;
  size_t size = 0;
  struct netc_replacement replacement;
  int done = make_header(&header, &size, tensors, count, metadata, metadata_count) &&
             netc_replacement_open(&replacement, path);
  if (done) {
    fwrite(header, 1, size, replacement.file);
    for (size_t i = 0; i < count && !ferror(replacement.file); ++i)
      fwrite(tensors[i].data, 1, stored_bytes(&tensors[i]), replacement.file);
    done = netc_replacement_commit(&replacement);
  }
  if (!done) snprintf(error, error_size, "%s: %s", path, strerror(errno));
  free(header);
  return done ? NETC_OK : NETC_CANNOT_WRITE;
}
