/* Features by LLVM's names. The table holds what a compiler may use for arithmetic of its own
 * accord; names beyond it (system instructions, tuning) do not matter to our code. */
#include "runtime/core/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };
/* Registers that the operating system must save, as bits of XCR0. */
enum { NO_STATE = 0, YMM = 0x6, ZMM = 0xE6, TILES = 0x60006, MORE_REGISTERS = 0x80000 };

static const struct {
  const char* name;
  uint32_t leaf;
  uint8_t subleaf, reg, bit;
  uint32_t state;
  uint8_t version; /* if not 0, the register's low byte must be as great, in place of the bit */
} table[] = {
    {"sse3", 1, 0, ECX, 0, NO_STATE},
    {"pclmul", 1, 0, ECX, 1, NO_STATE},
    {"ssse3", 1, 0, ECX, 9, NO_STATE},
    {"fma", 1, 0, ECX, 12, YMM},
    {"cx16", 1, 0, ECX, 13, NO_STATE},
    {"sse4.1", 1, 0, ECX, 19, NO_STATE},
    {"sse4.2", 1, 0, ECX, 20, NO_STATE},
    {"movbe", 1, 0, ECX, 22, NO_STATE},
    {"popcnt", 1, 0, ECX, 23, NO_STATE},
    {"aes", 1, 0, ECX, 25, NO_STATE},
    {"avx", 1, 0, ECX, 28, YMM},
    {"f16c", 1, 0, ECX, 29, YMM},
    {"bmi", 7, 0, EBX, 3, NO_STATE},
    {"avx2", 7, 0, EBX, 5, YMM},
    {"bmi2", 7, 0, EBX, 8, NO_STATE},
    {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"adx", 7, 0, EBX, 19, NO_STATE},
    {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"avx512cd", 7, 0, EBX, 28, ZMM},
    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},
    {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"gfni", 7, 0, ECX, 8, NO_STATE},
    {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},
    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},
    {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"avx512vp2intersect", 7, 0, EDX, 8, ZMM},
    {"amx-bf16", 7, 0, EDX, 22, TILES},
    {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amx-tile", 7, 0, EDX, 24, TILES},
    {"amx-int8", 7, 0, EDX, 25, TILES},
    {"avxvnni", 7, 1, EAX, 4, YMM},
    {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"amx-fp16", 7, 1, EAX, 21, TILES},
    {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},
    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"avxvnniint16", 7, 1, EDX, 10, YMM},
    {"egpr", 7, 1, EDX, 21, MORE_REGISTERS},
    {"avx10.1", 0x24, 0, EBX, 0, ZMM, 1},
    {"avx10.2", 0x24, 0, EBX, 0, ZMM, 2},
    {"sahf", 0x80000001, 0, ECX, 0, NO_STATE},
    {"lzcnt", 0x80000001, 0, ECX, 5, NO_STATE},
    {"sse4a", 0x80000001, 0, ECX, 6, NO_STATE},
    {"xop", 0x80000001, 0, ECX, 11, YMM},
    {"fma4", 0x80000001, 0, ECX, 16, YMM},
    {"tbm", 0x80000001, 0, ECX, 21, NO_STATE},
};

static uint64_t saved_state(void) {
  uint32_t registers[4], low, high;
  if (!__get_cpuid(1, &registers[EAX], &registers[EBX], &registers[ECX], &registers[EDX]) ||
      !(registers[ECX] >> 27 & 1))
    return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int has(const char* name, size_t length) {
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    if (strlen(table[i].name) != length || memcmp(table[i].name, name, length) != 0) continue;
    uint32_t registers[4];
    if (!__get_cpuid_count(table[i].leaf, table[i].subleaf, &registers[EAX], &registers[EBX],
                           &registers[ECX], &registers[EDX]))
      return 0;
    uint32_t value = registers[table[i].reg];
    int present = table[i].version > 0 ? (value & 0xff) >= table[i].version
                                       : (int)(value >> table[i].bit & 1);
    return present &&
           (table[i].state == NO_STATE || (saved_state() & table[i].state) == table[i].state);
  }
  return 1;
}
#else
static int has(const char* name, size_t length) {
  (void)name;
  (void)length;
  return 1;
}
#endif

int netc_cpu_missing(const char* features, char* missing, size_t size) {
  int count = 0;
  size_t used = 0;
  if (size > 0) missing[0] = 0;
  while (features != NULL && *features) {
    size_t length = strcspn(features, ",");
    const char* name = features;
    size_t name_length = length;
    if (length > 0 && *name == '+') ++name, --name_length;
    if (name_length > 0 && *name != '-' && !has(name, name_length)) {
      if (used < size)
        used += (size_t)snprintf(missing + used, size - used, "%s%.*s", count > 0 ? ", " : "",
                                 (int)name_length, name);
      ++count;
    }
    features += length + (features[length] == ',');
  }
  return count;
}
