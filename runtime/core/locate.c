/* Finds the arguments of tasks in what a step reads and writes. */
#include <string.h>

#include "runtime/core/netc_rt.h"

void netc_rt_locate(const struct netc_context* context, const struct netc_place* places,
                    int64_t count, void** addresses) {
  for (int64_t i = 0; i < count; ++i) {
    unsigned char* pointer;
    memcpy(&pointer, (const unsigned char*)context + places[i].member, sizeof pointer);
    pointer += places[i].bytes;
    if (places[i].in_table) memcpy(&pointer, pointer, sizeof pointer);
    addresses[i] = pointer;
  }
}
