/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers, As Easy as 1, 2, 3, 2011):
 * random numbers as a function of a key and a counter, so that any thread can draw any of them. */
#ifndef NETC_CORE_PHILOX_H
#define NETC_CORE_PHILOX_H

#include <stdint.h>

static inline void netc_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = (uint64_t)0xD2511F53u * c0;
    uint64_t product1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)product1;
    c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)product0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The stream of a purpose under a seed, and the block of four words at a position of it. */
struct netc_stream {
  uint32_t key[2];
  uint32_t purpose[2];
};

static inline struct netc_stream netc_stream_of(uint64_t seed, uint64_t purpose) {
  struct netc_stream stream = {{(uint32_t)seed, (uint32_t)(seed >> 32)},
                               {(uint32_t)purpose, (uint32_t)(purpose >> 32)}};
  return stream;
}

static inline void netc_stream_block(const struct netc_stream* stream, uint64_t position,
                                     uint32_t out[4]) {
  uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), stream->purpose[0],
                         stream->purpose[1]};
  netc_philox(stream->key, counter, out);
}

/* FNV-1a: the purpose that a name stands for. */
static inline uint64_t netc_hash_name(const char* name) {
  uint64_t hash = 14695981039346656037u;
  for (; *name; ++name) hash = (hash ^ (unsigned char)*name) * 1099511628211u;
  return hash;
}

#endif
