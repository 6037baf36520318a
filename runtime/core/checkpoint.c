/* Saving and loading a model's parameters and states. A file is compared with the whole model
 * before anything is taken from it, so that one of another model is refused with all differences.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/dtype.h"
#include "runtime/core/handle.h"
#include "runtime/core/safetensors.h"

static int is_saved(const struct netc_tensor* variable) {
  return variable->role == NETC_PARAM || variable->role == NETC_STATE;
}

int netc_rt_save(const struct netc_handle* handle, const char* path) {
  if (handle->failed) return handle->failed;
  const struct netc_model* model = handle->model;
  struct netc_to_store* tensors = malloc((model->variable_count + 1) * sizeof *tensors);
  size_t count = 0;
  if (tensors == NULL) return netc_fail(handle, NETC_NO_MEMORY, "not enough memory to save");
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    const struct netc_tensor* variable = &model->variables[v];
    if (is_saved(variable))
      tensors[count++] = (struct netc_to_store){variable->name, variable->dtype, variable->rank,
                                                variable->dims, handle->evaluated[v]};
  }
  char error[NETC_ERROR_BYTES];
  int status = netc_safetensors_write(path, tensors, count, NULL, 0, error, sizeof error);
  free(tensors);
  return status == NETC_OK ? NETC_OK : netc_fail(handle, status, "%s", error);
}

/* Differences between a model and a file, counted, the first of them in words. */
struct differences {
  int count;
  size_t used;
  char text[NETC_ERROR_BYTES - 1024];
};

static void add_difference(struct differences* differences, const char* format, const char* name,
                           const char* one, const char* other) {
  enum { SHOWN = 8 };
  if (differences->count++ >= SHOWN) return;
  char* to = differences->text + differences->used;
  size_t room = sizeof differences->text - differences->used;
  int written = snprintf(to, room, "%s", differences->used > 0 ? "\n  " : "  ");
  written += snprintf(to + written, room - (size_t)written, format, name, one, other);
  differences->used += (size_t)written < room ? (size_t)written : room - 1;
}

static void compare(const struct netc_model* model, const struct netc_safetensors* file,
                    struct differences* differences) {
  char here[160], there[160];
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    const struct netc_tensor* variable = &model->variables[v];
    if (!is_saved(variable)) continue;
    const struct netc_stored* stored = netc_safetensors_find(file, variable->name);
    netc_type_text(here, sizeof here, variable->dtype, variable->dims, variable->rank);
    if (stored == NULL) {
      if (variable->unread) continue;
      add_difference(differences, "the file lacks `%.200s`, %s", variable->name, here, "");
    } else if (!netc_stored_fits(stored, variable)) {
      netc_type_text(there, sizeof there, stored->dtype, stored->dims, stored->rank);
      add_difference(differences, "`%.200s` is %s in the model, but %s in the file", variable->name,
                     here, there);
    }
  }
  /* A resumable checkpoint holds more than the model. */
  if (netc_safetensors_metadata(file, "netc.checkpoint") != NULL) return;
  for (size_t i = 0; i < file->count; ++i) {
    const struct netc_stored* stored = &file->tensors[i];
    int known = 0;
    for (uint32_t v = 0; v < model->variable_count && !known; ++v)
      known = strcmp(model->variables[v].name, stored->name) == 0;
    netc_type_text(there, sizeof there, stored->dtype, stored->dims, stored->rank);
    if (!known)
      add_difference(differences, "the model lacks `%.200s`, %s", stored->name, there, "");
  }
}

/* What a parameter is loaded from: its average, where a resumable checkpoint holds one. */
static const struct netc_stored* find_saved(const struct netc_safetensors* file,
                                            const struct netc_tensor* variable) {
  char average[512];
  const struct netc_stored* stored = NULL;
  const char* prefix = netc_safetensors_metadata(file, "netc.averages");
  if (prefix != NULL &&
      (size_t)snprintf(average, sizeof average, "%s.%s", prefix, variable->name) < sizeof average)
    stored = netc_safetensors_find(file, average);
  return stored != NULL && netc_stored_fits(stored, variable)
             ? stored
             : netc_safetensors_find(file, variable->name);
}

int netc_rt_load(struct netc_handle* handle, const char* path) {
  if (handle->failed) return handle->failed;
  const struct netc_model* model = handle->model;
  struct netc_safetensors file;
  int status = netc_safetensors_open(&file, path, handle->error, sizeof handle->error);
  if (status != NETC_OK) return status;
  struct differences differences = {0};
  compare(model, &file, &differences);
  if (differences.count > 0) {
    status = netc_fail(handle, NETC_MISMATCH, "%s does not hold %s; %d difference%s:\n%s%s", path,
                       model->name, differences.count, differences.count > 1 ? "s" : "",
                       differences.text, differences.count > 8 ? "\n  ..." : "");
  } else {
    for (uint32_t v = 0; v < model->variable_count; ++v) {
      const struct netc_tensor* variable = &model->variables[v];
      const struct netc_stored* stored = is_saved(variable) ? find_saved(&file, variable) : NULL;
      if (stored != NULL) netc_stored_copy(&file, stored, variable->dtype, handle->variables[v]);
    }
    netc_handle_reset_averages(handle);
  }
  netc_safetensors_close(&file);
  return status;
}
