// IDX: two zero bytes, the element type, the rank, then sizes and data, most significant byte
// first.
#include <array>
#include <bit>
#include <cstring>

#include "runtime/core/dtype.h"
#include "runtime/trainer/elements.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

std::optional<Element> element_of(std::byte code) {
  switch (std::to_integer<int>(code)) {
    case 0x08:
      return Element{1, Element::natural};
    case 0x09:
      return Element{1, Element::integer};
    case 0x0B:
      return Element{2, Element::integer};
    case 0x0C:
      return Element{4, Element::integer};
    case 0x0D:
      return Element{4, Element::real};
    case 0x0E:
      return Element{8, Element::real};
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Array> read_idx(const std::string& path) {
  Result<ByteSource> source = ByteSource::open(path);
  if (!source) return source.failure();
  std::array<std::byte, 4> magic;
  if (Status status = source->read(magic, "the header"); !status) return status.failure();
  std::optional<Element> element = element_of(magic[2]);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0} || !element)
    return failure(exit_bad_input,
                   "{}: this is no IDX file: it begins with {:02x} {:02x} {:02x} {:02x}", path,
                   std::to_integer<int>(magic[0]), std::to_integer<int>(magic[1]),
                   std::to_integer<int>(magic[2]), std::to_integer<int>(magic[3]));
  Array array;
  for (int i = 0; i < std::to_integer<int>(magic[3]); ++i) {
    std::array<std::byte, 4> size;
    if (Status status = source->read(size, "the header"); !status) return status.failure();
    int64_t value = 0;
    for (std::byte digit : size) value = value << 8 | std::to_integer<int64_t>(digit);
    array.dims.push_back(value);
  }
  Result<std::vector<std::byte>> data = read_promised(*source, array.dims, element->bytes);
  if (!data) return data.failure();
  if (Status status = source->expect_end(); !status) return status.failure();
  return widen(std::move(*data), *element, std::endian::big, std::move(array.dims), path);
}

}  // namespace netc::trainer
