/* Gram and Schmidt's method. Each vector is cleaned of the earlier ones twice, which makes the
 * result orthogonal to the last bits whatever the vectors were; dividing by a positive length
 * keeps the distribution uniform over rotations, as a QR decomposition with positive diagonal. */
#include "runtime/core/orthogonal.h"

#include <math.h>

static double dot(const double* a, const double* b, size_t length) {
  double sums[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= length; i += 4)
    for (size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < length; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void subtract_projections(double* vector, const double* rows, size_t count, size_t length) {
  for (size_t r = 0; r < count; ++r) {
    const double* row = rows + r * length;
    double share = dot(vector, row, length);
    for (size_t i = 0; i < length; ++i) vector[i] -= share * row[i];
  }
}

void netc_orthonormalize(double* rows, size_t count, size_t length) {
  for (size_t r = 0; r < count; ++r) {
    double* vector = rows + r * length;
    subtract_projections(vector, rows, r, length);
    subtract_projections(vector, rows, r, length);
    double size = sqrt(dot(vector, vector, length));
    for (size_t i = 0; i < length; ++i) vector[i] /= size;
  }
}
