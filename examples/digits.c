/* Trains the digits from C, with what `netc examples/digits.net --emit=so,header` writes. */
#include <stdio.h>
#include <stdlib.h>

#include "digits.h"

int main(void) {
  static uint8_t image[DIGITS_CAPACITY * DIGITS_INPUT_IMAGE_ROW_ELEMENTS], digit[DIGITS_CAPACITY];
  static float probability[DIGITS_CAPACITY * DIGITS_OUTPUT_PROBABILITY_ROW_ELEMENTS];
  digits *model;
  if (digits_create(&model, NULL)) return EXIT_FAILURE;

  /* Ten pictures to tell apart: in the i-th, the i-th row or column of pixels is black. */
  for (int i = 0; i < 10; ++i) {
    digit[i] = (uint8_t)i;
    for (int k = 0; k < 8; ++k) image[64 * i + (i < 8 ? 8 * i + k : 8 * k + i - 8)] = 16;
  }
  float loss = 0;
  for (int step = 0; step < 300; ++step)
    if (digits_train_step(model, 10, image, digit, &loss)) {
      fprintf(stderr, "%s\n", digits_error(model));
      return EXIT_FAILURE;
    }
  digits_predict(model, 10, image, probability);
  printf("loss %.4f; the third picture is a 2 with probability %.3f\n", loss, probability[2 * 10 + 2]);
  digits_destroy(model);
  return EXIT_SUCCESS;
}
