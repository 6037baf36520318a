/* Write beside the target, flush to disk, rename, flush the folder. What is no regular file, such
 * as /dev/stdout, is written directly, for it cannot be renamed over. */
#define _XOPEN_SOURCE 700
#include "runtime/core/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_in_place(struct netc_replacement* replacement, const char* path) {
  int descriptor = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  replacement->file = fdopen(descriptor, "wb");
  return replacement->file != NULL;
}

static int open_beside(struct netc_replacement* replacement, const char* path, mode_t mode) {
  char* resolved = realpath(path, NULL);
  replacement->target = resolved != NULL ? resolved : strdup(path);
  size_t size = replacement->target != NULL ? strlen(replacement->target) + 32 : 0;
  replacement->temporary = size > 0 ? malloc(size) : NULL;
  if (replacement->temporary == NULL) return 0;
  snprintf(replacement->temporary, size, "%s.%ld.tmp", replacement->target, (long)getpid());
  int descriptor = open(replacement->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor >= 0) replacement->file = fdopen(descriptor, "wb");
  return replacement->file != NULL;
}

static void release(struct netc_replacement* replacement) {
  free(replacement->target);
  free(replacement->temporary);
  memset(replacement, 0, sizeof *replacement);
}

int netc_replacement_open(struct netc_replacement* replacement, const char* path) {
  struct stat status;
  memset(replacement, 0, sizeof *replacement);
  int exists = stat(path, &status) == 0;
  int done = 0;
  if (strcmp(path, "-") == 0 || (exists && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
    done = open_in_place(replacement, path);
  else if (exists && S_ISDIR(status.st_mode))
    errno = EISDIR;
  else
    done = open_beside(replacement, path, exists ? status.st_mode & 0777 : 0666);
  if (!done) {
    int reason = errno;
    release(replacement);
    errno = reason;
  }
  return done;
}

static void flush_folder(const char* target) {
  char* folder = strdup(target);
  char* slash = folder != NULL ? strrchr(folder, '/') : NULL;
  if (slash != NULL) slash[slash == folder ? 1 : 0] = 0;
  int descriptor = open(slash != NULL ? folder : ".", O_RDONLY | O_CLOEXEC);
  /* The contents are safe already; not every file system can flush a folder. */
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
  free(folder);
}

int netc_replacement_commit(struct netc_replacement* replacement) {
  int failed = ferror(replacement->file) || fflush(replacement->file) != 0;
  if (!failed && replacement->temporary != NULL) failed = fsync(fileno(replacement->file)) != 0;
  int reason = failed ? errno : 0;
  if (fclose(replacement->file) != 0 && !failed) failed = 1, reason = errno;
  if (!failed && replacement->temporary != NULL &&
      rename(replacement->temporary, replacement->target) != 0)
    failed = 1, reason = errno;
  if (replacement->temporary != NULL) {
    if (failed)
      unlink(replacement->temporary);
    else
      flush_folder(replacement->target);
  }
  release(replacement);
  errno = reason != 0 ? reason : (failed ? EIO : 0);
  return !failed;
}

void netc_replacement_abandon(struct netc_replacement* replacement) {
  fclose(replacement->file);
  if (replacement->temporary != NULL) unlink(replacement->temporary);
  release(replacement);
}
