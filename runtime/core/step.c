/* Running an entry: one training step, or any number of rows in chunks. All that can be refused is
 * refused before the first chunk runs. */
#include <math.h>
#include <string.h>

#include "runtime/core/dtype.h"
#include "runtime/core/handle.h"
#include "runtime/core/threads.h"

static int is_mean(const struct netc_result* result) { return result->kind != NETC_OUTPUT; }

static int has_rows(const struct netc_result* result) {
  for (unsigned i = 0; i < result->rank; ++i)
    if (result->dims[i] < 0) return 1;
  return 0;
}

static int leads_with_rows(const struct netc_result* result) {
  for (unsigned i = 1; i < result->rank; ++i)
    if (result->dims[i] < 0) return 0;
  return result->rank > 0 && result->dims[0] < 0;
}

static void set_step(struct netc_handle* handle, double step) {
  for (uint32_t s = 0; s < handle->model->setting_count; ++s)
    if (strcmp(handle->model->settings[s].name, "step") == 0) handle->settings[s] = step;
}

/* One call of an entry's code. */
static void run_entry(struct netc_handle* handle, const struct netc_entry* entry, size_t n) {
  int evaluates = entry->kind == NETC_EVALUATE || entry->kind == NETC_PREDICT;
  struct netc_context context = {
      .inputs = handle->inputs,
      .outputs = handle->results,
      .variables = evaluates ? handle->evaluated : handle->variables,
      .settings = handle->settings,
      .arena = handle->arena,
      .pool = handle->pool,
  };
  unsigned mode = netc_float_mode_set();
  entry->run(&context, (int64_t)n);
  netc_float_mode_restore(mode);
}

/* Results that are not wanted, and those that `in_spare` says, go to spare memory. */
static void connect_results(struct netc_handle* handle, const struct netc_entry* entry,
                            void* const* results, size_t first_row, int chunked) {
  size_t offset = 0;
  for (uint32_t r = 0; r < entry->result_count; ++r) {
    const struct netc_result* result = &entry->results[r];
    void* wanted = results != NULL ? results[r] : NULL;
    if (wanted == NULL || (chunked && is_mean(result)))
      handle->results[r] = handle->spare + offset;
    else
      handle->results[r] = (unsigned char*)wanted +
                           (first_row > 0 ? netc_result_bytes(result, (int64_t)first_row) : 0);
    offset += (netc_result_bytes(result, entry->capacity) + 63) & ~(size_t)63;
  }
}

static void connect_inputs(struct netc_handle* handle, const struct netc_entry* entry,
                           const void* const* inputs) {
  for (uint32_t i = 0; i < entry->input_count; ++i) handle->inputs[i] = inputs[i];
}

/* sums += weight * results, where exponential metrics are averaged as logarithms. */
static void add_means(struct netc_handle* handle, const struct netc_entry* entry, double weight) {
  double* sum = handle->sums;
  for (uint32_t r = 0; r < entry->result_count; ++r) {
    const struct netc_result* result = &entry->results[r];
    size_t count = is_mean(result) ? netc_elements(result->dims, result->rank, 1) : 0;
    for (size_t i = 0; i < count; ++i) {
      double value = netc_dtype_load(result->dtype, handle->results[r], i);
      *sum++ += weight * (result->kind == NETC_EXPONENTIAL_METRIC ? log(value) : value);
    }
  }
}

static void store_means(const struct netc_handle* handle, const struct netc_entry* entry,
                        void* const* results) {
  const double* sum = handle->sums;
  for (uint32_t r = 0; r < entry->result_count; ++r) {
    const struct netc_result* result = &entry->results[r];
    size_t count = is_mean(result) ? netc_elements(result->dims, result->rank, 1) : 0;
    for (size_t i = 0; i < count; ++i, ++sum)
      if (results != NULL && results[r] != NULL)
        netc_dtype_store(result->dtype, results[r], i,
                         result->kind == NETC_EXPONENTIAL_METRIC ? exp(*sum) : *sum);
  }
}

static int64_t load_integer(unsigned dtype, const void* from, size_t index) {
  switch (dtype) {
    case NETC_I64: {
      int64_t value;
      memcpy(&value, (const unsigned char*)from + 8 * index, 8);
      return value;
    }
    case NETC_I32: {
      int32_t value;
      memcpy(&value, (const unsigned char*)from + 4 * index, 4);
      return value;
    }
    default:
      return ((const unsigned char*)from)[index];
  }
}

int netc_check_inputs(struct netc_handle* handle, const struct netc_entry* entry, size_t n,
                      const void* const* inputs) {
  for (uint32_t i = 0; i < entry->input_count; ++i) {
    const struct netc_tensor* input = &handle->model->inputs[entry->inputs[i]];
    if (inputs[i] == NULL)
      return netc_fail(handle, NETC_BAD_ARGUMENT, "input `%s` is NULL", input->name);
    int needless = input->dtype == NETC_U8 && input->low <= 0 && input->high > 255;
    if (!input->checked || needless) continue;
    size_t count = netc_elements(input->dims, input->rank, (int64_t)n);
    for (size_t k = 0; k < count; ++k) {
      int64_t value = load_integer(input->dtype, inputs[i], k);
      if (value >= input->low && value < input->high) continue;
      size_t row = input->rank > 0 && n > 0 ? count / n : 0;
      if (row > 1)
        return netc_fail(handle, NETC_BAD_DATA,
                         "input `%s`, row %zu, element %zu: %lld is not from %lld to %lld",
                         input->name, k / row, k % row, (long long)value, (long long)input->low,
                         (long long)input->high - 1);
      return netc_fail(handle, NETC_BAD_DATA, "input `%s`, row %zu: %lld is not from %lld to %lld",
                       input->name, k, (long long)value, (long long)input->low,
                       (long long)input->high - 1);
    }
  }
  return NETC_OK;
}

int netc_rt_train_step(struct netc_handle* handle, uint32_t index, size_t n,
                       const void* const* inputs, void* const* results) {
  if (handle->failed) return handle->failed;
  const struct netc_entry* entry = &handle->model->entries[index];
  if (n < 1 || n > (size_t)entry->capacity)
    return netc_fail(
        handle, NETC_BAD_ARGUMENT,
        "a training step takes 1 to %lld rows, not %zu: %s is compiled for batches of %lld",
        (long long)entry->capacity, n, handle->model->name, (long long)entry->capacity);
  int status = netc_check_inputs(handle, entry, n, inputs);
  if (status != NETC_OK) return status;
  netc_handle_use_averages(handle, index);
  set_step(handle, (double)(handle->steps + 1));
  connect_inputs(handle, entry, inputs);
  connect_results(handle, entry, results, 0, 0);
  run_entry(handle, entry, n);
  ++handle->steps;
  return NETC_OK;
}

/* What cannot be computed in chunks is refused. */
static int check_chunks(struct netc_handle* handle, const struct netc_entry* entry, size_t n) {
  if (n <= (size_t)entry->capacity) return NETC_OK;
  if (entry->kind != NETC_EVALUATE && entry->kind != NETC_PREDICT)
    return netc_fail(handle, NETC_BAD_ARGUMENT, "`%s` takes 1 to %lld rows, not %zu", entry->name,
                     (long long)entry->capacity, n);
  for (uint32_t r = 0; r < entry->result_count; ++r) {
    const struct netc_result* result = &entry->results[r];
    if (is_mean(result) ? !has_rows(result) : leads_with_rows(result)) continue;
    return netc_fail(handle, NETC_BAD_ARGUMENT,
                     "`%s` of `%s` does not consist of rows: at most %lld rows at a time, not %zu",
                     result->name, entry->name, (long long)entry->capacity, n);
  }
  return NETC_OK;
}

/* All rows of a caller's inputs, and where a chunk of them lies. */
struct dense_rows {
  const struct netc_model* model;
  const struct netc_entry* entry;
  const void* const* inputs;
  const void** chunk;
};

static const void* const* chunk_of(void* data, size_t first, size_t count) {
  const struct dense_rows* rows = data;
  (void)count;
  for (uint32_t i = 0; i < rows->entry->input_count; ++i) {
    const struct netc_tensor* input = &rows->model->inputs[rows->entry->inputs[i]];
    int by_rows = input->rank > 0 && input->dims[0] < 0;
    size_t skipped = by_rows && first > 0 ? netc_tensor_bytes(input, (int64_t)first) : 0;
    rows->chunk[i] = (const unsigned char*)rows->inputs[i] + skipped;
  }
  return rows->chunk;
}

int netc_rt_run(struct netc_handle* handle, uint32_t index, size_t n, const void* const* inputs,
                void* const* results) {
  if (handle->failed) return handle->failed;
  const struct netc_entry* entry = &handle->model->entries[index];
  if (n < 1)
    return netc_fail(handle, NETC_BAD_ARGUMENT, "`%s` takes at least one row", entry->name);
  int status = check_chunks(handle, entry, n);
  if (status == NETC_OK) status = netc_check_inputs(handle, entry, n, inputs);
  if (status != NETC_OK) return status;
  struct dense_rows rows = {handle->model, entry, inputs, handle->inputs};
  return netc_run_rows(handle, index, n, chunk_of, &rows, results);
}

int netc_run_rows(struct netc_handle* handle, uint32_t index, size_t n, netc_rows rows, void* data,
                  void* const* results) {
  const struct netc_entry* entry = &handle->model->entries[index];
  int status = check_chunks(handle, entry, n);
  if (status != NETC_OK) return status;
  set_step(handle, entry->kind == NETC_GRADIENT_ENTRY ? 1 : (double)(handle->steps + 1));
  if (n <= (size_t)entry->capacity) {
    connect_inputs(handle, entry, rows(data, 0, n));
    connect_results(handle, entry, results, 0, 0);
    run_entry(handle, entry, n);
    return NETC_OK;
  }
  size_t sums = 0;
  for (uint32_t r = 0; r < entry->result_count; ++r)
    if (is_mean(&entry->results[r]))
      sums += netc_elements(entry->results[r].dims, entry->results[r].rank, 1);
  for (size_t i = 0; i < sums; ++i) handle->sums[i] = 0;
  for (size_t first = 0; first < n; first += (size_t)entry->capacity) {
    size_t count = n - first < (size_t)entry->capacity ? n - first : (size_t)entry->capacity;
    connect_inputs(handle, entry, rows(data, first, count));
    connect_results(handle, entry, results, first, 1);
    run_entry(handle, entry, count);
    add_means(handle, entry, (double)count / (double)n);
  }
  store_means(handle, entry, results);
  return NETC_OK;
}
