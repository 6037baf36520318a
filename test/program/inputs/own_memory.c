/* Trains, evaluates and predicts in memory that the program owns, where nothing can be allocated. */
#include <stdio.h>
#include <stdlib.h>

#include "line.h"

static int allocations;
void *malloc(size_t size) { return (void)size, ++allocations, NULL; }
void *calloc(size_t count, size_t size) { return (void)count, (void)size, ++allocations, NULL; }
void *realloc(void *memory, size_t size) { return (void)memory, (void)size, ++allocations, NULL; }
void *aligned_alloc(size_t alignment, size_t size) {
  return (void)alignment, (void)size, ++allocations, NULL;
}
void free(void *memory) { (void)memory; }

static _Alignas(64) unsigned char memory[1 << 20];
static char buffer[256];

int main(void) {
  setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
  float x[3 * LINE_CAPACITY], y[LINE_CAPACITY], loss = 0, p[LINE_CAPACITY];
  for (int i = 0; i < 3 * LINE_CAPACITY; ++i) x[i] = (float)(i * i % 7) / 7;
  for (int i = 0; i < LINE_CAPACITY; ++i) y[i] = 3 * x[3 * i] - x[3 * i + 1] + 2;
  line *model;
  struct netc_options options = {.size = sizeof options, .threads = 1, .memory = memory};
  options.bytes = line_memory_bytes() - 64;
  const int refused = line_create(&model, &options);
  printf("too small: %d, %s\n", refused, line_error(model));
  line_destroy(model);
  options.bytes = line_memory_bytes();
  if (options.bytes > sizeof memory || line_create(&model, &options)) return 1;
  for (int step = 0; step < 2000; ++step)
    if (line_train_step(model, LINE_CAPACITY, x, y, &loss)) return 1;
  if (line_evaluate(model, LINE_CAPACITY, x, y, &loss)) return 1;
  if (line_predict(model, LINE_CAPACITY, x, p)) return 1;
  printf("loss below 1e-6: %d, allocations: %d\n", loss < 1e-6f, allocations);
  line_destroy(model);
  return 0;
}
