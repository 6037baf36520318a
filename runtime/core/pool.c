/* Threads that share the tasks of a phase. Every participant owns a run of each call's tasks and,
 * when its own are taken, helps itself to the others'; a phase ends when its tasks are done, so
 * nobody waits for a thread that is not awake.
 *
 * A task is claimed by lowering the number left in a participant's slot, which carries the phase's
 * number, too: a thread that comes late finds another number or nothing left, and touches nothing.
 * Only after a claim is the phase's description read; it cannot change before the claimed task is
 * done.
 *
 * Waiting is bounded at every stage: pauses for a few microseconds, then yields, then sleep. */
#define _GNU_SOURCE
#include "runtime/core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/core/threads.h"

enum { PAUSE_ROUNDS = 200, AWAKE_NANOSECONDS = 100000 };

struct slot {
  _Alignas(64) _Atomic uint64_t left; /* phase << 32 | chunks not claimed yet */
  int64_t chunks;                     /* of the phase, claimed or not */
  int64_t together;                   /* several are claimed at once */
};

struct worker {
  struct netc_pool* pool;
  int index;
  pthread_t thread;
};

struct netc_pool {
  int threads; /* participants, the caller included */
  int started; /* workers that run; -1: none tried yet */
  atomic_flag busy;

  /* The phase. */
  const struct netc_call* calls;
  int64_t count, n;
  int64_t chunk; /* tasks that are claimed at once */
  _Alignas(64) _Atomic uint32_t phase;
  _Alignas(64) _Atomic int64_t pending; /* chunks that are not done */

  _Alignas(64) _Atomic int sleepers; /* workers that sleep or are about to */
  _Atomic int caller_sleeps;
  _Atomic int stop;
  pthread_mutex_t mutex;
  pthread_cond_t work, done;

  struct worker workers[NETC_MAX_THREADS];
  struct slot slots[NETC_MAX_THREADS];
};

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static int64_t now_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t chunks_of(const struct netc_pool* pool, int64_t call) {
  if (pool->chunk == 1) return pool->calls[call].tasks;
  return (pool->calls[call].tasks + pool->chunk - 1) / pool->chunk;
}

/* Where a participant's run of a call's chunks begins, `before` of which stand in earlier calls:
 * what does not divide evenly goes to one participant after the other. */
static int64_t run_begin(const struct netc_pool* pool, int64_t chunks, int64_t before,
                         int participant) {
  return (before % pool->threads + chunks * participant) / pool->threads;
}

/* Chunks of a slot that lie side by side. */
struct run {
  int64_t begin, count;
};

/* Claims one chunk of a slot in a phase, or, where tasks are better run together, half of what is
 * left; none if nothing is. */
static struct run claim(struct netc_pool* pool, int participant, uint32_t phase) {
  struct slot* slot = &pool->slots[participant];
  uint64_t seen = atomic_load_explicit(&slot->left, memory_order_relaxed);
  while (seen >> 32 == phase && (uint32_t)seen != 0) {
    const uint32_t left = (uint32_t)seen, count = slot->together ? left - left / 2 : 1;
    if (!atomic_compare_exchange_weak_explicit(&slot->left, &seen, seen - count,
                                               memory_order_acquire, memory_order_relaxed))
      continue;
    return (struct run){slot->chunks - left, count};
  }
  return (struct run){0, 0};
}

static void run_tasks(const struct netc_pool* pool, const struct netc_call* call,
                      struct run chunks) {
  int64_t begin = chunks.begin * pool->chunk, end = begin + chunks.count * pool->chunk;
  call->task(call->arguments, pool->n, begin, end < call->tasks ? end : call->tasks);
}

/* Runs chunks of a participant's runs, which lie one after the other. */
static void run_chunks(const struct netc_pool* pool, int participant, struct run chunks) {
  int64_t before = 0;
  for (int64_t call = 0; call < pool->count && chunks.count > 0; ++call) {
    int64_t all = chunks_of(pool, call);
    int64_t begin = run_begin(pool, all, before, participant);
    int64_t own = run_begin(pool, all, before, participant + 1) - begin;
    int64_t count = own - chunks.begin < chunks.count ? own - chunks.begin : chunks.count;
    before += all;
    if (count <= 0) {
      chunks.begin -= own;
      continue;
    }
    run_tasks(pool, &pool->calls[call], (struct run){begin + chunks.begin, count});
    chunks.begin = 0;
    chunks.count -= count;
  }
}

/* Works on a phase until no chunk of it is left to claim. */
static void take_part(struct netc_pool* pool, int self, uint32_t phase) {
  int64_t done = 0;
  for (int k = 0; k < pool->threads; ++k) {
    int owner = self + k < pool->threads ? self + k : self + k - pool->threads;
    for (struct run chunks; (chunks = claim(pool, owner, phase)).count > 0; done += chunks.count)
      run_chunks(pool, owner, chunks);
  }
  if (done == 0) return;
  if (atomic_fetch_sub(&pool->pending, done) == done && atomic_load(&pool->caller_sleeps)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
}

/* Waits awake for a change of the phase's number, at most some 100 microseconds. */
static int phase_changed(struct netc_pool* pool, uint32_t known) {
  for (int i = 0; i < PAUSE_ROUNDS; ++i) {
    if (atomic_load_explicit(&pool->phase, memory_order_acquire) != known) return 1;
    pause_briefly();
  }
  int64_t limit = now_nanoseconds() + AWAKE_NANOSECONDS;
  do {
    if (atomic_load_explicit(&pool->phase, memory_order_acquire) != known) return 1;
    sched_yield();
  } while (now_nanoseconds() < limit);
  return 0;
}

static void sleep_until_phase(struct netc_pool* pool, uint32_t known) {
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->phase) == known && !atomic_load(&pool->stop))
    pthread_cond_wait(&pool->work, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void* work(void* argument) {
  struct worker* self = argument;
  struct netc_pool* pool = self->pool;
  netc_float_mode_set();
  for (uint32_t known = 0; !atomic_load(&pool->stop);) {
    if (!phase_changed(pool, known)) sleep_until_phase(pool, known);
    known = atomic_load_explicit(&pool->phase, memory_order_acquire);
    take_part(pool, self->index, known);
  }
  return NULL;
}

/* Threads that cannot be started are done without. Signals stay with the program's own threads. */
static void start_workers(struct netc_pool* pool) {
  sigset_t all, before;
  pool->started = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int i = 1; i < pool->threads; ++i) {
    struct worker* worker = &pool->workers[pool->started];
    worker->pool = pool;
    worker->index = i;
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) break;
    ++pool->started;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void publish(struct netc_pool* pool, const struct netc_call* calls, int64_t count, int64_t n,
                    int64_t tasks) {
  pool->calls = calls;
  pool->count = count;
  pool->n = n;
  pool->chunk = (tasks >> 30) + 1;
  for (int i = 0; i < pool->threads; ++i) pool->slots[i].chunks = pool->slots[i].together = 0;
  int64_t before = 0;
  for (int64_t call = 0; call < count; ++call) {
    int64_t chunks = chunks_of(pool, call);
    for (int i = 0; i < pool->threads; ++i) {
      pool->slots[i].chunks +=
          run_begin(pool, chunks, before, i + 1) - run_begin(pool, chunks, before, i);
      pool->slots[i].together |= calls[call].together;
    }
    before += chunks;
  }
  uint32_t phase = atomic_load_explicit(&pool->phase, memory_order_relaxed) + 1;
  atomic_store_explicit(&pool->pending, before, memory_order_relaxed);
  for (int i = 0; i < pool->threads; ++i)
    atomic_store_explicit(&pool->slots[i].left,
                          (uint64_t)phase << 32 | (uint64_t)pool->slots[i].chunks,
                          memory_order_release);
  atomic_store(&pool->phase, phase);
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
}

static void wait_until_done(struct netc_pool* pool) {
  for (int i = 0; i < PAUSE_ROUNDS; ++i) {
    if (atomic_load_explicit(&pool->pending, memory_order_acquire) == 0) return;
    pause_briefly();
  }
  int64_t limit = now_nanoseconds() + AWAKE_NANOSECONDS;
  do {
    if (atomic_load_explicit(&pool->pending, memory_order_acquire) == 0) return;
    sched_yield();
  } while (now_nanoseconds() < limit);
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->caller_sleeps, 1);
  while (atomic_load(&pool->pending) != 0) pthread_cond_wait(&pool->done, &pool->mutex);
  atomic_store(&pool->caller_sleeps, 0);
  pthread_mutex_unlock(&pool->mutex);
}

void netc_rt_parallel(struct netc_pool* pool, const struct netc_call* calls, int64_t count,
                      int64_t n) {
  int64_t tasks = 0;
  for (int64_t call = 0; call < count; ++call) tasks += calls[call].tasks;
  int shared = pool != NULL && pool->threads > 1 && tasks > 1 &&
               !atomic_flag_test_and_set_explicit(&pool->busy, memory_order_acquire);
  if (!shared) {
    for (const struct netc_call* call = calls; call < calls + count; ++call)
      if (call->tasks > 0) call->task(call->arguments, n, 0, call->tasks);
    return;
  }
  if (pool->started < 0) start_workers(pool);
  publish(pool, calls, count, n, tasks);
  take_part(pool, 0, atomic_load_explicit(&pool->phase, memory_order_relaxed));
  wait_until_done(pool);
  atomic_flag_clear_explicit(&pool->busy, memory_order_release);
}

size_t netc_pool_bytes(void) { return sizeof(struct netc_pool); }

void netc_pool_begin(struct netc_pool* pool, int threads) {
  memset(pool, 0, sizeof *pool);
  pool->threads = threads;
  pool->started = -1;
  atomic_flag_clear(&pool->busy);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
}

void netc_pool_end(struct netc_pool* pool) {
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->stop, 1);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < pool->started; ++i) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
}

struct netc_pool* netc_rt_pool_create(int threads) {
  struct netc_pool* pool = aligned_alloc(_Alignof(struct netc_pool), sizeof *pool);
  if (pool != NULL) netc_pool_begin(pool, netc_threads_allowed(threads));
  return pool;
}

void netc_rt_pool_destroy(struct netc_pool* pool) {
  if (pool == NULL) return;
  netc_pool_end(pool);
  free(pool);
}
