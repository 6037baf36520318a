/* Making a handle: its pieces are laid out one after the other, each at a multiple of 64 bytes, in
 * memory of the caller or in one allocation. */
#define _DEFAULT_SOURCE
#include "runtime/core/handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/cpu.h"
#include "runtime/core/dtype.h"
#include "runtime/core/initialize.h"
#include "runtime/core/pool.h"
#include "runtime/core/threads.h"

/* Under the address sanitizer there is a gap behind each piece that nobody may touch. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
static void close_gap(void* from, size_t bytes) { ASAN_POISON_MEMORY_REGION(from, bytes); }
static void open_gaps(void* from, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(from, bytes); }
#else
enum { GAP = 0 };
static void close_gap(void* from, size_t bytes) { (void)from, (void)bytes; }
static void open_gaps(void* from, size_t bytes) { (void)from, (void)bytes; }
#endif

static const struct netc_handle no_memory = {
    .failed = NETC_NO_MEMORY, .error = "the memory given is too small, or there is none"};

int netc_fail(const struct netc_handle* handle, int status, const char* format, ...) {
  if (handle == NULL || handle == &no_memory) return status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(((struct netc_handle*)handle)->error, NETC_ERROR_BYTES, format, arguments);
  va_end(arguments);
  return status;
}

size_t netc_tensor_bytes(const struct netc_tensor* tensor, int64_t n) {
  size_t bytes = netc_elements(tensor->dims, tensor->rank, n);
  return __builtin_mul_overflow(bytes, netc_dtype_bytes(tensor->dtype), &bytes) ? SIZE_MAX : bytes;
}

size_t netc_result_bytes(const struct netc_result* result, int64_t n) {
  size_t bytes = netc_elements(result->dims, result->rank, n);
  return __builtin_mul_overflow(bytes, netc_dtype_bytes(result->dtype), &bytes) ? SIZE_MAX : bytes;
}

/* Where the pieces lie, from the beginning of the memory; SIZE_MAX in `total` if that overflows. */
struct layout {
  size_t pool, variables, evaluated, settings, results, inputs, sums, spare, arena, values, total;
};

static void place(size_t* offset, size_t* total, size_t bytes) {
  *offset = *total;
  if (*total == SIZE_MAX || bytes > SIZE_MAX - 64 - GAP - *total)
    *total = SIZE_MAX;
  else
    *total = (*total + bytes + GAP + 63) & ~(size_t)63;
}

static size_t largest(size_t a, size_t b) { return a > b ? a : b; }

static struct layout lay_out(const struct netc_model* model) {
  struct layout at;
  size_t results = 0, spare = 0, sums = 0, arena = 0, unused;
  for (uint32_t e = 0; e < model->entry_count; ++e) {
    const struct netc_entry* entry = &model->entries[e];
    size_t entry_spare = 0, entry_sums = 0;
    for (uint32_t r = 0; r < entry->result_count; ++r) {
      place(&unused, &entry_spare, netc_result_bytes(&entry->results[r], entry->capacity));
      entry_sums += netc_elements(entry->results[r].dims, entry->results[r].rank, 1);
    }
    results = largest(results, entry->result_count);
    spare = largest(spare, entry_spare);
    sums = largest(sums, entry_sums);
    arena = largest(arena, entry->arena_bytes);
  }
  at.total = 0;
  place(&unused, &at.total, sizeof(struct netc_handle));
  place(&at.pool, &at.total, netc_pool_bytes());
  place(&at.variables, &at.total, model->variable_count * sizeof(void*));
  place(&at.evaluated, &at.total, model->variable_count * sizeof(void*));
  place(&at.settings, &at.total, model->setting_count * sizeof(double));
  place(&at.results, &at.total, results * sizeof(void*));
  place(&at.inputs, &at.total, model->input_count * sizeof(void*));
  place(&at.sums, &at.total, sums * sizeof(double));
  place(&at.spare, &at.total, spare);
  place(&at.arena, &at.total, arena);
  at.values = at.total;
  for (uint32_t v = 0; v < model->variable_count; ++v)
    place(&unused, &at.total, netc_tensor_bytes(&model->variables[v], 1));
  return at;
}

/* The memory needs 63 bytes more than the layout, for its beginning may be at any address. */
size_t netc_rt_memory_bytes(const struct netc_model* model) {
  size_t total = lay_out(model).total;
  return total > SIZE_MAX - 63 ? SIZE_MAX : total + 63;
}

/* A handle that can only tell an error. */
static struct netc_handle* failed_handle(const struct netc_options* options, int status) {
  struct netc_handle* handle = NULL;
  if (options == NULL || options->memory == NULL)
    handle = malloc(sizeof *handle);
  else if (options->bytes >= sizeof *handle + 63)
    handle = (struct netc_handle*)(((uintptr_t)options->memory + 63) & ~(uintptr_t)63);
  if (handle == NULL) return (struct netc_handle*)&no_memory;
  memset(handle, 0, sizeof *handle);
  handle->failed = status;
  if (options == NULL || options->memory == NULL) handle->owned = handle;
  return handle;
}

static double mebibytes(size_t bytes) { return (double)bytes / (1024 * 1024); }

static int fail_for_memory(const struct netc_handle* failed, const struct netc_model* model,
                           const struct layout* at, double available) {
  return netc_fail(
      failed, NETC_NO_MEMORY,
      "%s needs %.1f MiB of memory (%.1f for parameters, states and the optimizer, %.1f "
      "for a step of %lld rows), but there are %.1f",
      model->name, mebibytes(at->total), mebibytes(at->total - at->values), mebibytes(at->values),
      (long long)model->capacity, available);
}

/* Large memory comes in huge pages where the system has them: operands with distant rows would miss
 * the processor's table of small ones at every row. */
static void* allocate(size_t bytes) {
  const size_t huge = (size_t)2 << 20;
  if (bytes < 2 * huge || bytes > SIZE_MAX - huge) return aligned_alloc(64, bytes);
  bytes = (bytes + huge - 1) & ~(huge - 1);
  void* memory = aligned_alloc(huge, bytes);
#if defined(MADV_HUGEPAGE)
  if (memory != NULL) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

/* Checks what can fail before anything is made; NULL with the memory, or the failed handle. */
static struct netc_handle* find_memory(const struct netc_model* model, const struct layout* at,
                                       const struct netc_options* options, void** memory) {
  char missing[400];
  struct netc_handle* failed;
  if (model->abi != NETC_RT_ABI) {
    failed = failed_handle(options, NETC_BAD_ARGUMENT);
    netc_fail(failed, 0, "%s was compiled for version %u of the runtime, this is version %d",
              model->name, model->abi, NETC_RT_ABI);
    return failed;
  }
  if (netc_cpu_missing(model->features, missing, sizeof missing) > 0) {
    failed = failed_handle(options, NETC_WRONG_CPU);
    netc_fail(failed, 0, "%s is compiled for %s, but this processor lacks %s", model->name,
              model->target != NULL ? model->target : "another processor", missing);
    return failed;
  }
  if (options != NULL && options->memory != NULL) {
    uintptr_t begin = ((uintptr_t)options->memory + 63) & ~(uintptr_t)63;
    size_t lost = begin - (uintptr_t)options->memory;
    *memory = (void*)begin;
    if (options->bytes >= lost && options->bytes - lost >= at->total) return NULL;
    failed = failed_handle(options, NETC_NO_MEMORY);
    netc_fail(failed, 0,
              "%s needs %zu bytes of memory (%zu if its beginning is unaligned), %zu are given",
              model->name, at->total, at->total + 63, options->bytes);
    return failed;
  }
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  double physical = pages > 0 && page > 0 ? (double)pages * (double)page : 1e30;
  *memory = (double)at->total < physical ? allocate(at->total) : NULL;
  if (*memory != NULL) return NULL;
  failed = failed_handle(options, NETC_NO_MEMORY);
  fail_for_memory(failed, model, at, physical / (1024 * 1024));
  return failed;
}

static void connect_pieces(struct netc_handle* handle, const struct layout* at) {
  const struct netc_model* model = handle->model;
  unsigned char* base = (unsigned char*)handle;
  size_t offset, total = at->values;
  handle->variables = (void**)(base + at->variables);
  handle->evaluated = (void**)(base + at->evaluated);
  handle->settings = (double*)(base + at->settings);
  handle->results = (void**)(base + at->results);
  handle->inputs = (const void**)(base + at->inputs);
  handle->sums = (double*)(base + at->sums);
  handle->spare = base + at->spare;
  handle->arena = base + at->arena;
  close_gap(handle->arena - GAP, GAP);
  close_gap(base + at->values - GAP, GAP);
  for (uint32_t v = 0; v < model->variable_count; ++v) {
    size_t bytes = netc_tensor_bytes(&model->variables[v], 1);
    place(&offset, &total, bytes);
    close_gap(base + offset + bytes, total - offset - bytes);
    handle->variables[v] = handle->evaluated[v] = base + offset;
  }
  for (uint32_t s = 0; s < model->setting_count; ++s) {
    handle->settings[s] = model->settings[s].value;
    if (strcmp(model->settings[s].name, "seed") == 0) handle->settings[s] = (double)handle->seed;
  }
}

int netc_rt_create(const struct netc_model* model, struct netc_handle** result,
                   const struct netc_options* given) {
  struct netc_options options = {0};
  /* A size of 0 is one that was not set: the struct as this version knows it. */
  if (given != NULL)
    memcpy(&options, given,
           given->size > 0 && given->size < sizeof options ? given->size : sizeof options);
  struct layout at = lay_out(model);
  void* memory = NULL;
  *result = find_memory(model, &at, &options, &memory);
  if (*result != NULL) return (*result)->failed;
  struct netc_handle* handle = memory;
  memset(handle, 0, sizeof *handle);
  handle->model = model;
  handle->owned = options.memory == NULL ? memory : NULL;
  handle->seed = options.seed;
  handle->pool = options.pool;
  handle->averaging = -1;
  connect_pieces(handle, &at);
  int given_weights = options.weights != NULL;
  unsigned saved = 1u << NETC_PARAM | 1u << NETC_STATE;
  int status = netc_handle_initialize(handle, given_weights ? ~saved : ~0u);
  if (status == NETC_OK && given_weights) status = netc_rt_load(handle, options.weights);
  *result = handle;
  if (status != NETC_OK) return handle->failed = status;
  int threads = handle->pool == NULL ? netc_threads_allowed(options.threads) : 1;
  if (threads > 1) {
    handle->pool = (struct netc_pool*)((unsigned char*)memory + at.pool);
    handle->pool_is_ours = 1;
    netc_pool_begin(handle->pool, threads);
  }
  return NETC_OK;
}

void netc_rt_destroy(struct netc_handle* handle) {
  if (handle == NULL) return;
  if (handle->pool_is_ours) netc_pool_end(handle->pool);
  if (handle->model != NULL) open_gaps(handle, lay_out(handle->model).total);
  free(handle->owned);
}

const char* netc_rt_error(const struct netc_handle* handle) {
  return handle != NULL ? handle->error : no_memory.error;
}

const struct netc_model* netc_rt_model(const struct netc_handle* handle) { return handle->model; }
