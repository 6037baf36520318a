/* The nearest name to a misspelt one, by edit distance. */
#include <string.h>

#include "runtime/core/handle.h"

enum { LONGEST = 80 };

/* Insertions, deletions and substitutions that turn a into b; LONGEST if one is too long. */
static size_t distance(const char* a, const char* b) {
  size_t length = strlen(b);
  size_t row[LONGEST + 1];
  if (length > LONGEST || strlen(a) > LONGEST) return LONGEST;
  for (size_t i = 0; i <= length; ++i) row[i] = i;
  for (size_t line = 1; *a; ++a, ++line) {
    size_t diagonal = row[0];
    row[0] = line;
    for (size_t i = 1; i <= length; ++i) {
      size_t best = diagonal + (*a != b[i - 1]);
      diagonal = row[i];
      if (row[i] + 1 < best) best = row[i] + 1;
      if (row[i - 1] + 1 < best) best = row[i - 1] + 1;
      row[i] = best;
    }
  }
  return row[length];
}

const char* netc_nearest(const char* name, size_t count,
                         const char* (*name_of)(const void*, size_t), const void* list) {
  const char* nearest = NULL;
  const size_t length = strlen(name);
  size_t least = length / 3 + 2;
  if (least > length) least = length; /* never all of it */
  for (size_t i = 0; i < count; ++i) {
    size_t found = distance(name, name_of(list, i));
    if (found < least) nearest = name_of(list, i), least = found;
  }
  return nearest;
}
