// The bytes of a file, in order, decompressed on the way if it is a gzip file. A reader takes as
// many bytes as a header promises and no more, so that no file can fill the memory.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/trainer/result.h"

namespace netc::trainer {

class ByteSource {
 public:
  static Result<ByteSource> open(const std::string& path);
  /// A member of an archive, deflated or as it is, with the checksum that its contents must have.
  static ByteSource over(std::string name, std::vector<std::byte> bytes, bool deflated,
                         uint32_t checksum);

  const std::string& name() const { return name_; }
  /// As many bytes as there are, up to the size asked for.
  Result<size_t> read_some(std::span<std::byte> to);
  /// Fails where the file ends earlier; `what` says what is being read.
  Status read(std::span<std::byte> to, const char* what);
  /// The number of bytes that can still come at most, as compression reaches at best 1032 to 1.
  uint64_t most_left() const;
  /// Fails unless the end has been reached, which also checks the checksum.
  Status expect_end();

 private:
  struct Stream {
    z_stream zlib{};
    ~Stream() { inflateEnd(&zlib); }
  };

  Result<size_t> inflate_some(std::span<std::byte> to);

  std::string name_;
  std::vector<std::byte> bytes_;
  size_t at_ = 0;
  std::unique_ptr<Stream> stream_;    ///< of compressed data
  bool finished_ = false;             ///< whether that has come to its end
  std::optional<uint32_t> checksum_;  ///< what the contents must have, of an archive's member
  uint32_t checksum_so_far_ = 0;
};

}  // namespace netc::trainer
