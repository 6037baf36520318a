/* Two models in one program, each with a handle in a thread of its own, beside a third handle. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "labels.h"
#include "line.h"

static float x[8 * 4], y[8];
static int32_t label[6] = {0, 1, 2, 0, 1, 2};

static void *train_line(void *weights) {
  line *model;
  if (line_create(&model, NULL)) return NULL;
  for (int step = 0; step < 500; ++step) line_train_step(model, 8, x, y, NULL);
  line_get_tensor(model, "dense1.w", weights);
  line_destroy(model);
  return weights;
}

static void *train_labels(void *loss) {
  labels *model;
  if (labels_create(&model, NULL)) return NULL;
  for (int step = 0; step < 500; ++step) labels_train_step(model, 6, x, label, loss);
  const int32_t wrong[6] = {0, 1, 2, 3, 0, 0};
  if (labels_train_step(model, 6, x, wrong, NULL)) puts(labels_error(model));
  labels_destroy(model);
  return loss;
}

int main(void) {
  for (int i = 0; i < 8 * 4; ++i) x[i] = (float)((5 * i * i + 3) % 17) / 17;
  for (int i = 0; i < 8; ++i) y[i] = x[3 * i] - x[3 * i + 1];
  float alone[3], first[3], second[3], loss = 1;
  train_line(alone);
  pthread_t threads[3];
  pthread_create(&threads[0], NULL, train_line, first);
  pthread_create(&threads[1], NULL, train_line, second);
  pthread_create(&threads[2], NULL, train_labels, &loss);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("same %d %d, learnt %d\n", !memcmp(alone, first, sizeof alone), !memcmp(alone, second, sizeof alone),
         loss < 0.3f);
  return 0;
}
