/* Orthonormal vectors from random ones. */
#ifndef NETC_CORE_ORTHOGONAL_H
#define NETC_CORE_ORTHOGONAL_H

#include <stddef.h>

/* Makes the rows of a matrix orthonormal; there are at most as many as they are long. */
void netc_orthonormalize(double *rows, size_t count, size_t length);

#endif
