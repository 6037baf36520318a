/* Calls with every number of rows that matters, and with wrong names; prints what is said. */
#include <stdio.h>
#include <string.h>

#include "line.h"

#define ROWS (5 * LINE_CAPACITY + 3)

static float x[ROWS * 3], y[ROWS], p[ROWS], single[ROWS];

int main(void) {
  for (int i = 0; i < ROWS * 3; ++i) x[i] = (float)(i % 13) / 13;
  for (int i = 0; i < ROWS; ++i) y[i] = (float)(i % 5);
  line *model;
  if (line_create(&model, NULL)) return 1;
  float loss = -1, before[3], after[3];
  line_get_tensor(model, "dense1.w", before);
  const size_t refused[] = {0, LINE_CAPACITY + 1, (size_t)-1};
  for (int i = 0; i < 3; ++i)
    printf("%d %s\n", line_train_step(model, refused[i], x, y, &loss) != 0, line_error(model));
  line_get_tensor(model, "dense1.w", after);
  printf("unchanged %d\n", memcmp(before, after, sizeof before) == 0 && loss == -1);
  const size_t taken[] = {1, LINE_CAPACITY - 1, LINE_CAPACITY};
  for (int i = 0; i < 3; ++i)
    printf("%d", line_train_step(model, taken[i], x, y, &loss));
  printf("\n");
  line_predict(model, ROWS, x, p);
  for (int i = 0; i < ROWS; ++i) line_predict(model, 1, x + 3 * i, single + i);
  float worst = 0;
  for (int i = 0; i < ROWS; ++i) {
    const float d = p[i] > single[i] ? p[i] - single[i] : single[i] - p[i];
    if (!(d <= worst)) worst = d;
  }
  printf("rows agree %d\n", worst < 1e-6f);
  float mean = 0;
  for (int i = 0; i < ROWS; ++i) mean += (p[i] - y[i]) * (p[i] - y[i]) / ROWS;
  line_evaluate(model, ROWS, x, y, &loss);
  printf("loss over chunks %d\n", loss - mean < 1e-4f && mean - loss < 1e-4f);
  printf("%d %s\n", line_get_tensor(model, "dense1.v", p) != 0, line_error(model));
  printf("%d %s\n", line_set_tensor(model, "dense.w", p) != 0, line_error(model));
  printf("%d %s\n", line_set(model, "rat", 1) != 0, line_error(model));
  printf("%d %s\n", line_load(model, "absent.safetensors") != 0, line_error(model));
  printf("%d %s\n", line_save(model, "absent/w.safetensors") != 0, line_error(model));
  line_destroy(model);
  line_destroy(NULL);
  return 0;
}
