/* The contract between emitted code and the runtime: the descriptor that the compiler emits for a
 * model, the context that a step gets, and the functions that emitted code calls. Plain C. */
#ifndef NETC_RT_H
#define NETC_RT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NETC_RT_ABI 2

/* In the order of ir/types.h. */
enum netc_dtype {
  NETC_F64, NETC_F32, NETC_F16, NETC_BF16, NETC_I64, NETC_I32, NETC_U8, NETC_BOOL
};

enum netc_role { NETC_INPUT, NETC_PARAM, NETC_STATE, NETC_OPTIMIZER, NETC_AVERAGE };
/* Over several chunks, losses and metrics are means weighted by rows; an exponential metric, such
 * as perplexity, is the exponential of the mean of its logarithms. */
enum netc_result_kind {
  NETC_LOSS, NETC_OUTPUT, NETC_METRIC, NETC_GRADIENT, NETC_EXPONENTIAL_METRIC
};
enum netc_entry_kind { NETC_TRAIN, NETC_EVALUATE, NETC_PREDICT, NETC_GRADIENT_ENTRY };

/* The first value of a variable; `kind` as written after `init` ("glorot_uniform"). */
struct netc_init {
  const char *kind;
  const double *arguments;
  uint32_t argument_count;
  const char *const *strings; /* of load: file, name */
  uint32_t string_count;
};

/* dims[i] >= 0 is a size; dims[i] < 0 is -dims[i] times the batch N. */
struct netc_tensor {
  const char *name;
  uint8_t dtype;
  uint8_t rank;
  uint8_t role;
  uint8_t checked; /* an integer input whose values must lie in [low, high) */
  uint8_t unread;  /* a variable that no entry reads: files need not hold it */
  const int64_t *dims;
  int64_t low, high;
  struct netc_init init; /* of variables */
};

struct netc_setting {
  const char *name;
  double value; /* the default; NaN: a schedule decides */
};

struct netc_result {
  const char *name; /* "" for the loss */
  uint8_t kind;
  uint8_t dtype;
  uint8_t rank;
  const int64_t *dims;
};

struct netc_pool;

/* What a step reads and writes. All pointers are valid; outputs that the caller does not want go
 * to scratch. Input and output memory has the alignment of its elements only; variables and the
 * arena are aligned to 64 bytes. */
struct netc_context {
  const void *const *inputs;    /* in the entry's order */
  void *const *outputs;         /* in the order of the entry's results */
  void *const *variables;       /* in the order of the model's variables */
  const double *settings;       /* in the order of the model's settings */
  unsigned char *arena;
  struct netc_pool *pool;
};

struct netc_entry {
  const char *name;
  uint8_t kind;
  uint32_t input_count;
  const uint32_t *inputs; /* positions in the model's inputs */
  uint32_t result_count;
  const struct netc_result *results;
  int64_t capacity;
  size_t arena_bytes;
  void (*run)(const struct netc_context *context, int64_t n);
};

struct netc_model {
  uint32_t abi; /* NETC_RT_ABI */
  const char *name;
  const char *target;   /* "x86-64-v3", "znver4": for messages */
  const char *features; /* CPU features the code needs, as LLVM spells them: "avx2,fma" */
  int64_t capacity;
  uint32_t input_count, variable_count, setting_count, entry_count, plan_count;
  const struct netc_tensor *inputs;
  const struct netc_tensor *variables;
  const struct netc_setting *settings; /* the one named "step" counts the training steps from 1 */
  const struct netc_entry *entries;
  const char *const *plans; /* train blocks as JSON, in file order */
};

/* What create takes; NULL or zeros: defaults. The emitted header declares the same struct. */
struct netc_options {
  size_t size;         /* sizeof(struct netc_options), so that it can grow */
  uint64_t seed;
  int threads;         /* 0: as many as are useful and allowed */
  void *memory;        /* the caller's memory, 64-byte aligned, or NULL */
  size_t bytes;
  struct netc_pool *pool;
  const char *weights; /* a safetensors file in place of the initial values, or NULL */
};

struct netc_handle;

/* What a call returns; `netc_rt_error` says it in words. */
enum netc_status {
  NETC_OK,
  NETC_BAD_ARGUMENT, /* the call itself is wrong: an unknown name, n out of bounds */
  NETC_BAD_DATA,     /* an input's value is out of its range */
  NETC_BAD_FILE,     /* a file is absent, damaged, or no safetensors */
  NETC_MISMATCH,     /* a file holds another model */
  NETC_CANNOT_WRITE,
  NETC_NO_MEMORY,
  NETC_WRONG_CPU     /* this processor lacks what the code needs */
};

/* The bytes that a handle takes, for those who give it their own memory. */
size_t netc_rt_memory_bytes(const struct netc_model *model);

/* Threads that several handles share; a phase that finds them busy runs on its own thread. */
struct netc_pool *netc_rt_pool_create(int threads);
void netc_rt_pool_destroy(struct netc_pool *pool);

/* Behind the emitted functions NAME_create, NAME_train_step, ...; 0 is success, and a failing call
 * has changed nothing. `inputs` and `results` are in the order of the entry; results that are not
 * wanted may be NULL. After a failure, `netc_rt_create` leaves a handle that can only tell the
 * error and be destroyed. */
int netc_rt_create(const struct netc_model *model, struct netc_handle **handle,
                   const struct netc_options *options);
void netc_rt_destroy(struct netc_handle *handle);
int netc_rt_train_step(struct netc_handle *handle, uint32_t entry, size_t n,
                       const void *const *inputs, void *const *results);
/* Any n, in chunks. Evaluation and prediction use the averaged weights where there are some. */
int netc_rt_run(struct netc_handle *handle, uint32_t entry, size_t n, const void *const *inputs,
                void *const *results);
int netc_rt_get_tensor(const struct netc_handle *handle, const char *name, void *to);
int netc_rt_set_tensor(struct netc_handle *handle, const char *name, const void *from);
/* Parameters and states, as safetensors; averaged weights where there are some. */
int netc_rt_save(const struct netc_handle *handle, const char *path);
int netc_rt_load(struct netc_handle *handle, const char *path);
int netc_rt_set(struct netc_handle *handle, const char *name, double value);
const char *netc_rt_error(const struct netc_handle *handle);
const struct netc_model *netc_rt_model(const struct netc_handle *handle);

/* Where an argument of a task lies: so many bytes behind a pointer of the context, or at the address
 * that is found there. */
struct netc_place {
  uint32_t member; /* offset of the pointer in struct netc_context */
  uint32_t in_table;
  uint64_t bytes;
};

/* Called by emitted steps: the address of every place. */
void netc_rt_locate(const struct netc_context *context, const struct netc_place *places,
                    int64_t count, void **addresses);

/* Called by emitted steps: runs the tasks from 0 to `tasks` of every call, each once, in any order, on
 * any thread of the pool, and returns when all are done. A netc_task runs those from `first` to
 * `end`; where `together` is set, fewer calls with more tasks each take less time. */
typedef void (*netc_task)(void *const *arguments, int64_t n, int64_t first, int64_t end);
struct netc_call {
  netc_task task;
  void *const *arguments;
  int64_t tasks;
  int64_t together;
};
void netc_rt_parallel(struct netc_pool *pool, const struct netc_call *calls, int64_t count,
                      int64_t n);

#ifdef __cplusplus
}
#endif
#endif
