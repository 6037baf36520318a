/* Counts what is allocated by training steps after the first, on two threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wide.h"

static size_t calls;
static _Alignas(64) char heap[256u << 20];
static size_t used;

/* The whole program allocates here; nothing is ever given back. */
static void *take(size_t size, size_t alignment) {
  __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (alignment < 64) alignment = 64;
  const size_t room = (size + 2 * alignment + 63) / 64 * 64;
  const size_t begin = __atomic_fetch_add(&used, room, __ATOMIC_SEQ_CST);
  if (begin + room > sizeof heap) abort();
  char *at = heap + (begin + alignment) / alignment * alignment;
  memcpy(at - sizeof size, &size, sizeof size);
  return at;
}

void *malloc(size_t size) { return take(size, 16); }
void *calloc(size_t count, size_t size) { return take(count * size, 16); }
void *aligned_alloc(size_t alignment, size_t size) { return take(size, alignment); }
void *memalign(size_t alignment, size_t size) { return take(size, alignment); }
int posix_memalign(void **to, size_t alignment, size_t size) {
  *to = take(size, alignment);
  return 0;
}
void free(void *memory) { (void)memory; }
void *realloc(void *memory, size_t size) {
  void *const to = take(size, 16);
  size_t old = 0;
  if (memory) memcpy(&old, (char *)memory - sizeof old, sizeof old);
  if (memory) memcpy(to, memory, old < size ? old : size);
  return to;
}

static float x[WIDE_CAPACITY * 784];
static uint8_t y[WIDE_CAPACITY];

int main(void) {
  for (size_t i = 0; i < sizeof x / sizeof *x; ++i) x[i] = (float)(i * i % 31) / 31;
  for (int i = 0; i < WIDE_CAPACITY; ++i) y[i] = (uint8_t)(i % 10);
  struct netc_options options = {sizeof options, 0, 2, NULL, 0, NULL};
  wide *model;
  float loss;
  if (wide_create(&model, &options) || wide_train_step(model, WIDE_CAPACITY, x, y, &loss)) return 1;
  const size_t before = calls;
  for (int step = 0; step < 20; ++step)
    if (wide_train_step(model, (size_t)(WIDE_CAPACITY - step), x, y, &loss)) return 1;
  const size_t after = calls;
  printf("%s before, %d in steps\n", before ? "some" : "none", (int)(after - before));
  wide_destroy(model);
  return 0;
}
