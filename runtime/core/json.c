/* Pulling JSON apart. Nothing is read beyond `end`, and nothing recurses but `skip`. */
#include "runtime/core/json.h"

#include <stdlib.h>
#include <string.h>

struct netc_json netc_json_begin(const char* text, size_t size) {
  struct netc_json json = {text, text + size, NULL};
  return json;
}

void netc_json_fail(struct netc_json* json, const char* error) {
  if (json->error == NULL) json->error = error;
}

static void skip_blanks(struct netc_json* json) {
  while (json->at < json->end &&
         (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
    ++json->at;
}

enum netc_json_kind netc_json_peek(struct netc_json* json) {
  skip_blanks(json);
  if (json->error != NULL || json->at == json->end) return NETC_JSON_NOTHING;
  switch (*json->at) {
    case '{':
      return NETC_JSON_OBJECT;
    case '[':
      return NETC_JSON_ARRAY;
    case '"':
      return NETC_JSON_STRING;
    case 't':
      return NETC_JSON_TRUE;
    case 'f':
      return NETC_JSON_FALSE;
    case 'n':
      return NETC_JSON_NULL;
    default:
      break;
  }
  return *json->at == '-' || (*json->at >= '0' && *json->at <= '9') ? NETC_JSON_NUMBER
                                                                    : NETC_JSON_NOTHING;
}

static int take(struct netc_json* json, char wanted, const char* error) {
  skip_blanks(json);
  if (json->error == NULL && json->at < json->end && *json->at == wanted) {
    ++json->at;
    return 1;
  }
  netc_json_fail(json, error);
  return 0;
}

int netc_json_enter(struct netc_json* json, char open) {
  return take(json, open, open == '{' ? "an object was expected" : "a list was expected");
}

int netc_json_next(struct netc_json* json, char close, int* first) {
  skip_blanks(json);
  if (json->error != NULL) return 0;
  if (json->at == json->end) {
    netc_json_fail(json, "the text ends too early");
    return 0;
  }
  if (*json->at == close) {
    ++json->at;
    return 0;
  }
  if (!*first && !take(json, ',', "a comma was expected")) return 0;
  *first = 0;
  return 1;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static int take_hex(struct netc_json* json, uint32_t* code) {
  *code = 0;
  for (int i = 0; i < 4; ++i, ++json->at) {
    int digit = json->at < json->end ? hex_digit(*json->at) : -1;
    if (digit < 0) return 0;
    *code = *code << 4 | (uint32_t)digit;
  }
  return 1;
}

/* Writes a code point as UTF-8 and returns what follows it. */
static char* put_code_point(char* to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xC0 | code >> 6);
    *to++ = (char)(0x80 | (code & 63));
  } else if (code < 0x10000) {
    *to++ = (char)(0xE0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 63));
    *to++ = (char)(0x80 | (code & 63));
  } else {
    *to++ = (char)(0xF0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 63));
    *to++ = (char)(0x80 | (code >> 6 & 63));
    *to++ = (char)(0x80 | (code & 63));
  }
  return to;
}

/* What follows a backslash; no escape is shorter than what it stands for. */
static char* take_escape(struct netc_json* json, char* to) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  char escape = json->at < json->end ? *json->at++ : 0;
  const char* simple = escape != 0 ? strchr(names, escape) : NULL;
  if (simple != NULL) {
    *to++ = values[simple - names];
    return to;
  }
  uint32_t code, low;
  if (escape != 'u' || !take_hex(json, &code) || code == 0) return NULL;
  if (code >= 0xD800 && code < 0xDC00) {
    if (json->end - json->at < 6 || json->at[0] != '\\' || json->at[1] != 'u') return NULL;
    json->at += 2;
    if (!take_hex(json, &low) || low < 0xDC00 || low > 0xDFFF) return NULL;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    return NULL;
  }
  return put_code_point(to, code);
}

char* netc_json_string(struct netc_json* json) {
  if (!take(json, '"', "a string was expected")) return NULL;
  const char* close = json->at;
  while (close < json->end && *close != '"') close += *close == '\\' ? 2 : 1;
  if (close >= json->end) {
    netc_json_fail(json, "a string has no end");
    return NULL;
  }
  char* text = malloc((size_t)(close - json->at) + 1);
  char* to = text;
  while (text != NULL && json->at < close) {
    if ((unsigned char)*json->at < 0x20) {
      to = NULL;
    } else if (*json->at != '\\') {
      *to++ = *json->at++;
      continue;
    } else {
      ++json->at;
      to = take_escape(json, to);
    }
    if (to == NULL) break;
  }
  if (text == NULL || to == NULL) {
    netc_json_fail(json,
                   text == NULL ? "not enough memory" : "a character that no string may hold");
    free(text);
    return NULL;
  }
  *to = 0;
  json->at = close + 1;
  return text;
}

char* netc_json_key(struct netc_json* json) {
  char* key = netc_json_string(json);
  if (key != NULL && !take(json, ':', "a colon was expected")) {
    free(key);
    return NULL;
  }
  return key;
}

int netc_json_unsigned(struct netc_json* json, uint64_t* value) {
  skip_blanks(json);
  const char* start = json->at;
  *value = 0;
  for (; json->error == NULL && json->at < json->end && *json->at >= '0' && *json->at <= '9';
       ++json->at) {
    if (__builtin_mul_overflow(*value, (uint64_t)10, value) ||
        __builtin_add_overflow(*value, (uint64_t)(*json->at - '0'), value)) {
      netc_json_fail(json, "a number is too large");
      return 0;
    }
  }
  int more = json->at < json->end && memchr(".eE+-", *json->at, 5) != NULL;
  if (json->at == start || more || (*start == '0' && json->at - start > 1)) {
    netc_json_fail(json, "a whole number was expected");
    return 0;
  }
  return 1;
}

int netc_json_number(struct netc_json* json, double* value) {
  char digits[64];
  size_t used = 0;
  skip_blanks(json);
  while (json->at < json->end && used + 1 < sizeof digits &&
         memchr("0123456789+-.eE", *json->at, 15) != NULL)
    digits[used++] = *json->at++;
  digits[used] = 0;
  char* rest = digits;
  *value = strtod(digits, &rest);
  if (json->error != NULL || used == 0 || *rest != 0) {
    netc_json_fail(json, "a number was expected");
    return 0;
  }
  return 1;
}

static void skip_value(struct netc_json* json, int depth);

static void skip_container(struct netc_json* json, char open, char close, int depth) {
  if (depth == 0) {
    netc_json_fail(json, "the nesting is too deep");
    return;
  }
  if (!netc_json_enter(json, open)) return;
  for (int first = 1; netc_json_next(json, close, &first);) {
    if (open == '{') free(netc_json_key(json));
    skip_value(json, depth - 1);
  }
}

static void skip_word(struct netc_json* json, const char* word) {
  size_t length = strlen(word);
  if ((size_t)(json->end - json->at) >= length && memcmp(json->at, word, length) == 0)
    json->at += length;
  else
    netc_json_fail(json, "a value was expected");
}

static void skip_value(struct netc_json* json, int depth) {
  double number;
  switch (netc_json_peek(json)) {
    case NETC_JSON_OBJECT:
      skip_container(json, '{', '}', depth);
      break;
    case NETC_JSON_ARRAY:
      skip_container(json, '[', ']', depth);
      break;
    case NETC_JSON_STRING:
      free(netc_json_string(json));
      break;
    case NETC_JSON_NUMBER:
      netc_json_number(json, &number);
      break;
    case NETC_JSON_TRUE:
      skip_word(json, "true");
      break;
    case NETC_JSON_FALSE:
      skip_word(json, "false");
      break;
    case NETC_JSON_NULL:
      skip_word(json, "null");
      break;
    case NETC_JSON_NOTHING:
      netc_json_fail(json, "a value was expected");
      break;
  }
}

void netc_json_skip(struct netc_json* json) { skip_value(json, 64); }

int netc_json_finished(struct netc_json* json) {
  skip_blanks(json);
  if (json->at != json->end) netc_json_fail(json, "something follows the end");
  return json->error == NULL;
}
