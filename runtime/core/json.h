/* A reader of JSON that pulls one token after the other from memory: enough for the headers of
 * safetensors files and for training plans, and safe on hostile text. */
#ifndef NETC_CORE_JSON_H
#define NETC_CORE_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* After a failure `error` says what was wrong, `at` points there, and every further call fails. */
struct netc_json {
  const char *at, *end;
  const char* error;
};

enum netc_json_kind {
  NETC_JSON_OBJECT,
  NETC_JSON_ARRAY,
  NETC_JSON_STRING,
  NETC_JSON_NUMBER,
  NETC_JSON_TRUE,
  NETC_JSON_FALSE,
  NETC_JSON_NULL,
  NETC_JSON_NOTHING
};

struct netc_json netc_json_begin(const char* text, size_t size);
/* What comes next; nothing consumed. */
enum netc_json_kind netc_json_peek(struct netc_json* json);

/* Containers: `enter` takes the opening bracket; `next` says whether an element follows, taking
 * commas and the closing bracket. In an object, a key follows each `next`.
 *
 *   for (int first = 1; netc_json_next(json, '}', &first);) { key = ...; value = ...; }
 */
int netc_json_enter(struct netc_json* json, char open);
int netc_json_next(struct netc_json* json, char close, int* first);
/* A string's text, unescaped, in memory of its own (`free` it), or NULL; a key takes its colon. */
char* netc_json_string(struct netc_json* json);
char* netc_json_key(struct netc_json* json);
/* 1 on success. */
int netc_json_unsigned(struct netc_json* json, uint64_t* value);
int netc_json_number(struct netc_json* json, double* value);
/* Consumes a value of any kind, at most 64 deep. */
void netc_json_skip(struct netc_json* json);
/* Whether the text ended well: no error, and nothing but blanks behind. */
int netc_json_finished(struct netc_json* json);
void netc_json_fail(struct netc_json* json, const char* error);

#ifdef __cplusplus
}
#endif
#endif
