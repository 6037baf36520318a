/* A whole file in memory. */
#ifndef NETC_CORE_READ_FILE_H
#define NETC_CORE_READ_FILE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 on success, with memory to `free`; otherwise 0 and `errno`. "-" is standard input. */
int netc_read_file(const char *path, unsigned char **bytes, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
