/* A file that takes its target's place only when it is complete and on disk, so that whatever
 * happens meanwhile, the target holds either the old or the new contents. */
#ifndef NETC_CORE_REPLACE_FILE_H
#define NETC_CORE_REPLACE_FILE_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct netc_replacement {
  FILE *file;
  char *target;    /* where a link leads */
  char *temporary; /* NULL: written in place, as for `-`, devices and pipes */
};

/* 1 on success; otherwise 0 and `errno`. */
int netc_replacement_open(struct netc_replacement *replacement, const char *path);
/* Flushes and renames, or on any failure since opening removes what was written. */
int netc_replacement_commit(struct netc_replacement *replacement);
void netc_replacement_abandon(struct netc_replacement *replacement);

#ifdef __cplusplus
}
#endif
#endif
