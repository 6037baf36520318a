/* Trains and predicts with the emitted library, in the lines that a user would write. */
#include <stdio.h>

#include "line.h"

int main(void) {
  float x[LINE_CAPACITY * 3], y[LINE_CAPACITY], p[LINE_CAPACITY], loss = 0, w[3];
  for (int n = 0; n < LINE_CAPACITY; ++n) {
    for (int i = 0; i < 3; ++i) x[3 * n + i] = (float)((7 * n + 5 * i * n + i) % 11) / 11;
    y[n] = x[3 * n] - 2 * x[3 * n + 1] + 3 * x[3 * n + 2] + 0.5f;
  }
  line *model;
  if (line_create(&model, NULL)) return puts(line_error(model)), 1;
  for (int step = 0; step < 2000; ++step)
    if (line_train_step(model, LINE_CAPACITY, x, y, &loss)) return puts(line_error(model)), 1;
  line_predict(model, 1, x, p);
  line_get_tensor(model, LINE_DENSE1_W_NAME, w);
  printf("loss %.4f, predicted %.2f for %.2f, weights %.1f %.1f %.1f\n", loss, p[0], y[0], w[0], w[1],
         w[2]);
  line_destroy(model);
  return 0;
}
