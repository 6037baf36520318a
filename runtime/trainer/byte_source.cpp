// Compressed files stay compressed in memory; zlib gives their contents piece by piece. A gzip file
// may consist of several members, one after the other.
#include "runtime/trainer/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/core/read_file.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

constexpr int gzip_window = 15 + 16;
constexpr int raw_window = -15;

bool is_gzip(const std::vector<std::byte>& bytes, size_t at) {
  return bytes.size() >= at + 2 && bytes[at] == std::byte{0x1f} && bytes[at + 1] == std::byte{0x8b};
}

}  // namespace

Result<ByteSource> ByteSource::open(const std::string& path) {
  unsigned char* data = nullptr;
  size_t size = 0;
  if (!netc_read_file(path.c_str(), &data, &size))
    return failure(exit_bad_input, "{}: {}", path, std::strerror(errno));
  ByteSource source;
  source.name_ = path == "-" ? "standard input" : path;
  source.bytes_.resize(size);
  if (size > 0) std::memcpy(source.bytes_.data(), data, size);
  std::free(data);
  if (is_gzip(source.bytes_, 0)) {
    source.stream_ = std::make_unique<Stream>();
    inflateInit2(&source.stream_->zlib, gzip_window);
  }
  return source;
}

ByteSource ByteSource::over(std::string name, std::vector<std::byte> bytes, bool deflated,
                            uint32_t checksum) {
  ByteSource source;
  source.name_ = std::move(name);
  source.bytes_ = std::move(bytes);
  source.checksum_ = checksum;
  if (deflated) {
    source.stream_ = std::make_unique<Stream>();
    inflateInit2(&source.stream_->zlib, raw_window);
  }
  return source;
}

Result<size_t> ByteSource::read_some(std::span<std::byte> to) {
  size_t count = 0;
  if (stream_) {
    Result<size_t> got = inflate_some(to);
    if (!got) return got;
    count = *got;
  } else {
    count = std::min(to.size(), bytes_.size() - at_);
    if (count > 0) std::memcpy(to.data(), bytes_.data() + at_, count);
    at_ += count;
  }
  if (checksum_) {
    checksum_so_far_ = static_cast<uint32_t>(
        crc32_z(checksum_so_far_, reinterpret_cast<const Bytef*>(to.data()), count));
    if (count < to.size() && checksum_so_far_ != *checksum_)
      return failure(exit_bad_input, "{}: damaged: the checksum is another one", name_);
  }
  return count;
}

Result<size_t> ByteSource::inflate_some(std::span<std::byte> to) {
  constexpr size_t most = 1u << 30;
  z_stream& zlib = stream_->zlib;
  size_t got = 0;
  while (got < to.size() && !finished_) {
    uInt asked = static_cast<uInt>(std::min(most, to.size() - got));
    uInt offered = static_cast<uInt>(std::min(most, bytes_.size() - at_));
    zlib.next_out = reinterpret_cast<Bytef*>(to.data() + got);
    zlib.avail_out = asked;
    zlib.next_in = reinterpret_cast<Bytef*>(bytes_.data() + at_);
    zlib.avail_in = offered;
    int status = inflate(&zlib, Z_NO_FLUSH);
    at_ += offered - zlib.avail_in;
    got += asked - zlib.avail_out;
    if (status == Z_STREAM_END) {
      finished_ = !is_gzip(bytes_, at_);
      if (!finished_) inflateReset(&zlib);
    } else if (status == Z_BUF_ERROR ||
               (status == Z_OK && at_ == bytes_.size() && zlib.avail_out > 0)) {
      return failure(exit_bad_input, "{}: the compressed data are truncated", name_);
    } else if (status != Z_OK) {
      return failure(exit_bad_input, "{}: damaged compressed data ({})", name_,
                     zlib.msg != nullptr ? zlib.msg : "zlib gives up");
    }
  }
  return got;
}

Status ByteSource::read(std::span<std::byte> to, const char* what) {
  Result<size_t> got = read_some(to);
  if (!got) return got.failure();
  if (*got < to.size())
    return failure(exit_bad_input, "{}: truncated: {} needs {} bytes, only {} are left", name_,
                   what, to.size(), *got);
  return Done{};
}

uint64_t ByteSource::most_left() const {
  uint64_t left = bytes_.size() - at_;
  constexpr uint64_t pending = 1 << 16;  // what zlib has read but not given yet
  return stream_ ? (left + pending) * 1032 : left;
}

Status ByteSource::expect_end() {
  std::byte extra;
  Result<size_t> got = read_some({&extra, 1});
  if (!got) return got.failure();
  if (*got > 0)
    return failure(exit_bad_input, "{}: more data follow than the header promises", name_);
  return Done{};
}

Result<std::vector<std::byte>> read_promised(ByteSource& source, const std::vector<int64_t>& dims,
                                             size_t item_bytes) {
  size_t bytes = element_count(dims);
  if (bytes == SIZE_MAX || __builtin_mul_overflow(bytes, item_bytes, &bytes) ||
      bytes > source.most_left())
    return failure(exit_bad_input,
                   "{}: truncated: the header promises {} elements of {} bytes, more than the file "
                   "can hold",
                   source.name(), fmt::join(dims, " x "), item_bytes);
  uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    return failure(exit_bad_input, "{}: the header promises {} MiB, more than there is memory",
                   source.name(), bytes >> 20);
  std::vector<std::byte> data(bytes);
  if (Status status = source.read(data, "the data"); !status) return status.failure();
  return data;
}

}  // namespace netc::trainer
