/* Reads until the end, so that pipes work as files do. */
#define _POSIX_C_SOURCE 200809L
#include "runtime/core/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int descriptor, unsigned char** bytes, size_t* size) {
  struct stat status;
  size_t room = 1 << 16;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) room = (size_t)status.st_size + 1;
  unsigned char* buffer = malloc(room);
  size_t used = 0;
  while (buffer != NULL) {
    if (used == room) {
      unsigned char* grown = room < (size_t)-1 / 2 ? realloc(buffer, 2 * room) : NULL;
      if (grown == NULL) break;
      buffer = grown;
      room *= 2;
    }
    ssize_t got = read(descriptor, buffer + used, room - used);
    if (got == 0) {
      *bytes = buffer;
      *size = used;
      return 1;
    }
    if (got < 0 && errno != EINTR) {
      int reason = errno;
      free(buffer);
      errno = reason;
      return 0;
    }
    if (got > 0) used += (size_t)got;
  }
  free(buffer);
  errno = ENOMEM;
  return 0;
}

int netc_read_file(const char* path, unsigned char** bytes, size_t* size) {
  if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, bytes, size);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  int done = read_all(descriptor, bytes, size);
  int reason = errno;
  close(descriptor);
  errno = reason;
  return done;
}
