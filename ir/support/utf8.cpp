#include "ir/support/utf8.h"

#include <iterator>

namespace netc {

namespace {

constexpr char32_t invalid = 0xfffd;

struct Decoded {
  char32_t character = invalid;
  uint32_t length = 1;
  bool valid = false;
};

Decoded decode(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  uint32_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t character = lead & (0xffu >> (length + 1));
  for (uint32_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    character = (character << 6) | (byte(i) & 0x3fu);
  }
  bool overlong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
  bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (overlong || surrogate || character > 0x10ffff) return {};
  return {character, length, true};
}

struct Interval {
  char32_t first, last;
};

constexpr Interval zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};
constexpr Interval double_width[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
                                     {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
                                     {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe4f},
                                     {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                     {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <size_t size>
bool contains(const Interval (&intervals)[size], char32_t character) {
  for (const Interval& interval : intervals)
    if (character >= interval.first && character <= interval.last) return true;
  return false;
}

}  // namespace

uint32_t utf8_length(std::string_view text) { return decode(text).length; }

char32_t utf8_decode(std::string_view text) { return decode(text).character; }

size_t find_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    Decoded next = decode(text.substr(i));
    if (!next.valid) return i;
    i += next.length;
  }
  return std::string_view::npos;
}

int display_width(char32_t character) {
  if (character < 0x300) return 1;
  if (contains(zero_width, character)) return 0;
  return contains(double_width, character) ? 2 : 1;
}

}  // namespace netc
