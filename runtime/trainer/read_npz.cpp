// NPZ: a zip archive of NPY files. The directory at its end is read, and of the members only the
// one that is asked for.
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/core/read_file.h"
#include "runtime/trainer/nearest.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

/// Little-endian numbers at checked positions.
class Bytes {
 public:
  Bytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  size_t size() const { return bytes_.size(); }
  bool holds(uint64_t at, uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  uint64_t number(uint64_t at, int count) const {
    uint64_t value = 0;
    if (!holds(at, static_cast<uint64_t>(count))) return 0;
    for (int i = count; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes_[at + i]);
    return value;
  }
  std::string text(uint64_t at, uint64_t count) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, count};
  }
  std::vector<std::byte> part(uint64_t at, uint64_t count) const {
    return {bytes_.begin() + static_cast<ptrdiff_t>(at),
            bytes_.begin() + static_cast<ptrdiff_t>(at + count)};
  }

 private:
  std::vector<std::byte> bytes_;
};

struct Member {
  std::string name;
  uint64_t method = 0, crc = 0, compressed = 0, size = 0, local = 0;
  bool encrypted = false;
};

/// Where the directory begins and how many members it has, from the record at the archive's end.
std::optional<std::pair<uint64_t, uint64_t>> find_directory(const Bytes& bytes) {
  constexpr uint64_t record = 22, longest_comment = 65535;
  if (bytes.size() < record) return std::nullopt;
  uint64_t first =
      bytes.size() > record + longest_comment ? bytes.size() - record - longest_comment : 0;
  for (uint64_t at = bytes.size() - record + 1; at-- > first;) {
    if (bytes.number(at, 4) != 0x06054b50) continue;
    uint64_t count = bytes.number(at + 10, 2), offset = bytes.number(at + 16, 4);
    // Large archives have a longer record, which a locator just before this one points to.
    if ((offset == 0xffffffff || count == 0xffff) && at >= 20 &&
        bytes.number(at - 20, 4) == 0x07064b50) {
      uint64_t wide = bytes.number(at - 12, 8);
      if (bytes.number(wide, 4) != 0x06064b50) return std::nullopt;
      count = bytes.number(wide + 32, 8);
      offset = bytes.number(wide + 48, 8);
    }
    return std::pair(offset, count);
  }
  return std::nullopt;
}

/// Sizes of 32 bits that are all ones stand in an extra field, with 64.
void read_wide_sizes(const Bytes& bytes, uint64_t at, uint64_t end, Member& member) {
  while (at + 4 <= end) {
    uint64_t tag = bytes.number(at, 2), size = bytes.number(at + 2, 2);
    uint64_t field = at + 4;
    if (tag == 1) {
      for (uint64_t* value : {&member.size, &member.compressed, &member.local}) {
        if (*value != 0xffffffff) continue;
        *value = bytes.number(field, 8);
        field += 8;
      }
    }
    at += 4 + size;
  }
}

std::optional<std::vector<Member>> read_directory(const Bytes& bytes) {
  auto directory = find_directory(bytes);
  if (!directory) return std::nullopt;
  auto [at, count] = *directory;
  std::vector<Member> members;
  for (uint64_t i = 0; i < count; ++i) {
    constexpr uint64_t fixed = 46;
    if (!bytes.holds(at, fixed) || bytes.number(at, 4) != 0x02014b50) return std::nullopt;
    uint64_t name = bytes.number(at + 28, 2), extra = bytes.number(at + 30, 2),
             comment = bytes.number(at + 32, 2);
    if (!bytes.holds(at + fixed, name + extra + comment)) return std::nullopt;
    Member member;
    member.encrypted = (bytes.number(at + 8, 2) & 1) != 0;
    member.method = bytes.number(at + 10, 2);
    member.crc = bytes.number(at + 16, 4);
    member.compressed = bytes.number(at + 20, 4);
    member.size = bytes.number(at + 24, 4);
    member.local = bytes.number(at + 42, 4);
    member.name = bytes.text(at + fixed, name);
    read_wide_sizes(bytes, at + fixed + name, at + fixed + name + extra, member);
    members.push_back(std::move(member));
    at += fixed + name + extra + comment;
  }
  return members;
}

/// The member's contents as a source.
Result<ByteSource> open_member(const Bytes& bytes, const Member& member, const std::string& where) {
  constexpr uint64_t fixed = 30;
  bool local = bytes.holds(member.local, fixed) && bytes.number(member.local, 4) == 0x04034b50;
  uint64_t data = member.local + fixed + bytes.number(member.local + 26, 2) +
                  bytes.number(member.local + 28, 2);
  if (!local || !bytes.holds(data, member.compressed))
    return failure(exit_bad_input, "{}: damaged: the directory points outside of the archive",
                   where);
  if (member.encrypted || (member.method != 0 && member.method != 8))
    return failure(exit_bad_input, "{}: encrypted or compressed by another method than deflate",
                   where);
  std::vector<std::byte> contents = bytes.part(data, member.compressed);
  return ByteSource::over(where, std::move(contents), member.method == 8,
                          static_cast<uint32_t>(member.crc));
}

}  // namespace

Result<Array> read_npz(const std::string& path, const std::string& name) {
  unsigned char* data = nullptr;
  size_t size = 0;
  if (!netc_read_file(path.c_str(), &data, &size))
    return failure(exit_bad_input, "{}: {}", path, std::strerror(errno));
  const std::byte* first = reinterpret_cast<const std::byte*>(data);
  Bytes bytes(std::vector<std::byte>(first, first + size));
  std::free(data);
  auto members = read_directory(bytes);
  if (!members)
    return failure(exit_bad_input, "{}: this is no zip archive, or a damaged one", path);
  std::vector<std::string> names;
  for (const Member& member : *members) {
    std::string known = member.name;
    if (known.ends_with(".npy")) known.resize(known.size() - 4);
    if (known != name && member.name != name) {
      names.push_back(known);
      continue;
    }
    Result<ByteSource> source = open_member(bytes, member, fmt::format("{}: {}", path, name));
    if (!source) return source.failure();
    return read_npy(std::move(*source));
  }
  return failure(exit_mismatch, "{}: no array `{}`{}", path, name, suggestion(name, names));
}

}  // namespace netc::trainer
