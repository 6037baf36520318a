// The little of UTF-8 that lexing and showing source text need.
#pragma once

#include <cstdint>
#include <string_view>

namespace netc {

/// Bytes of the character at the front of a valid, non-empty text; 1 where it is not valid.
uint32_t utf8_length(std::string_view text);

/// The code point at the front of a non-empty text; U+FFFD where it is not valid.
char32_t utf8_decode(std::string_view text);

/// Where the first byte stands that is not UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

/// Columns that a character takes on a terminal: 0 for what combines, 2 for wide scripts and
/// emoji, else 1.
int display_width(char32_t character);

}  // namespace netc
