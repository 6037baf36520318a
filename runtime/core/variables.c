/* A handle's variables: first values, averages, and reading and writing them by name. */
#include <stdio.h>
#include <string.h>

#include "runtime/core/dtype.h"
#include "runtime/core/handle.h"
#include "runtime/core/initialize.h"

static int64_t find_variable(const struct netc_model* model, const char* name) {
  for (uint32_t v = 0; v < model->variable_count; ++v)
    if (strcmp(model->variables[v].name, name) == 0) return v;
  return -1;
}

int64_t netc_averaged_parameter(const struct netc_model* model, uint32_t variable) {
  if (model->variables[variable].role != NETC_AVERAGE) return -1;
  const char* dot = strchr(model->variables[variable].name, '.');
  return dot != NULL ? find_variable(model, dot + 1) : -1;
}

void netc_handle_use_averages(struct netc_handle* handle, uint32_t entry) {
  const struct netc_model* model = handle->model;
  if (handle->averaging == (int64_t)entry) return;
  handle->averaging = entry;
  const char* name = model->entries[entry].name;
  const char* number = strncmp(name, "train", 5) == 0 ? name + 5 : "";
  size_t length = strlen(number);
  for (uint32_t v = 0; v < model->variable_count; ++v) handle->evaluated[v] = handle->variables[v];
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    int64_t parameter = netc_averaged_parameter(model, v);
    const char* average = model->variables[v].name;
    int kept_here = parameter >= 0 && strncmp(average, "average", 7) == 0 &&
                    strncmp(average + 7, number, length) == 0 && average[7 + length] == '.';
    if (kept_here) handle->evaluated[parameter] = handle->variables[v];
  }
}

void netc_handle_reset_averages(struct netc_handle* handle) {
  const struct netc_model* model = handle->model;
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    int64_t parameter = netc_averaged_parameter(model, v);
    if (parameter >= 0)
      memcpy(handle->variables[v], handle->variables[parameter],
             netc_tensor_bytes(&model->variables[v], 1));
  }
}

int netc_handle_initialize(struct netc_handle* handle, unsigned roles) {
  const struct netc_model* model = handle->model;
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    const struct netc_tensor* variable = &model->variables[v];
    if ((roles >> variable->role & 1) == 0 || variable->role == NETC_AVERAGE) continue;
    int status = netc_initialize(variable, handle->seed, handle->variables[v], handle->error,
                                 sizeof handle->error);
    if (status != NETC_OK) return status;
  }
  if (roles >> NETC_AVERAGE & 1) netc_handle_reset_averages(handle);
  return NETC_OK;
}

static const char* variable_name(const void* model, size_t i) {
  return ((const struct netc_model*)model)->variables[i].name;
}

static const char* setting_name(const void* model, size_t i) {
  return ((const struct netc_model*)model)->settings[i].name;
}

static int fail_unknown(const struct netc_handle* handle, const char* what, const char* name,
                        size_t count, const char* (*name_of)(const void*, size_t)) {
  const char* nearest = netc_nearest(name, count, name_of, handle->model);
  return netc_fail(handle, NETC_BAD_ARGUMENT, "%s has no %s `%s`%s%s%s", handle->model->name, what,
                   name, nearest != NULL ? "; did you mean `" : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "`?" : "");
}

int netc_rt_get_tensor(const struct netc_handle* handle, const char* name, void* to) {
  if (handle->failed) return handle->failed;
  int64_t v = find_variable(handle->model, name);
  if (v < 0)
    return fail_unknown(handle, "tensor", name, handle->model->variable_count, variable_name);
  memcpy(to, handle->variables[v], netc_tensor_bytes(&handle->model->variables[v], 1));
  return NETC_OK;
}

int netc_rt_set_tensor(struct netc_handle* handle, const char* name, const void* from) {
  if (handle->failed) return handle->failed;
  int64_t v = find_variable(handle->model, name);
  if (v < 0)
    return fail_unknown(handle, "tensor", name, handle->model->variable_count, variable_name);
  size_t bytes = netc_tensor_bytes(&handle->model->variables[v], 1);
  memcpy(handle->variables[v], from, bytes);
  for (uint32_t other = 0; other < handle->model->variable_count; ++other)
    if (netc_averaged_parameter(handle->model, other) == v)
      memcpy(handle->variables[other], from, bytes);
  return NETC_OK;
}

int netc_rt_set(struct netc_handle* handle, const char* name, double value) {
  if (handle->failed) return handle->failed;
  for (uint32_t s = 0; s < handle->model->setting_count; ++s) {
    if (strcmp(handle->model->settings[s].name, name) != 0) continue;
    if (strcmp(name, "step") == 0) break;
    handle->settings[s] = value;
    return NETC_OK;
  }
  if (strcmp(name, "step") == 0)
    return netc_fail(handle, NETC_BAD_ARGUMENT,
                     "`step` counts the training steps and cannot be set");
  return fail_unknown(handle, "setting", name, handle->model->setting_count, setting_name);
}
