// TensorBoard's event files: a sequence of protocol buffers, each framed by its length and by
// checksums, the first with the format's version. An epoch is one `Event`:
//
//   Event   = 1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary
//   Summary = 1: repeated Value        Value = 1: string tag, 2: float simple_value
//   frame   = length (8 bytes), masked checksum of it (4), the event, masked checksum of it (4)
#include <array>
#include <bit>
#include <chrono>
#include <cstring>

#include "runtime/trainer/log.h"

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

namespace netc::trainer {
namespace {

constexpr size_t frame_head = 12, frame_tail = 4;

/// The CRC of Castagnoli's polynomial, reflected.
uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> result{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0u);
      result[i] = value;
    }
    return result;
  }();
  uint32_t crc = ~0u;
  for (char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 255] ^ crc >> 8;
  return ~crc;
}

uint32_t masked_checksum(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

template <typename Number>
std::string raw(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 128; number >>= 7) bytes += static_cast<char>((number & 127) | 128);
  return bytes + static_cast<char>(number);
}

/// How a field's value is laid out.
enum Wire : uint64_t { number_of_any_size = 0, eight_bytes = 1, counted_bytes = 2, four_bytes = 5 };

std::string field(uint64_t number, Wire wire, const std::string& value) {
  std::string length = wire == counted_bytes ? varint(value.size()) : "";
  return varint(number << 3 | wire) + length + value;
}

std::string framed(const std::string& event) {
  std::string length = raw(static_cast<uint64_t>(event.size()));
  return length + raw(masked_checksum(length)) + event + raw(masked_checksum(event));
}

std::string event(const std::string& content) {
  std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return framed(field(1, eight_bytes, raw(now.count())) + content);
}

/// One number in a summary.
std::string scalar(const std::string& tag, double value) {
  return field(1, counted_bytes,
               field(1, counted_bytes, tag) + field(2, four_bytes, raw(static_cast<float>(value))));
}

/// The length of the whole frame that begins here; 0 if it is cut off or damaged.
size_t frame_length(std::string_view bytes) {
  if (bytes.size() < frame_head) return 0;
  uint64_t length;
  uint32_t checksum;
  std::memcpy(&length, bytes.data(), sizeof length);
  std::memcpy(&checksum, bytes.data() + sizeof length, sizeof checksum);
  if (checksum != masked_checksum(bytes.substr(0, sizeof length))) return 0;
  if (bytes.size() - frame_head < frame_tail || length > bytes.size() - frame_head - frame_tail)
    return 0;
  std::string_view content = bytes.substr(frame_head, length);
  std::memcpy(&checksum, content.data() + length, sizeof checksum);
  return checksum == masked_checksum(content) ? frame_head + length + frame_tail : 0;
}

}  // namespace

std::string encode_events(const EpochRecord& record, bool begins) {
  std::string values = scalar("loss", record.loss) + scalar("seconds", record.seconds);
  for (const Score& score : record.validation)
    for (size_t i = 0; i < score.values.size(); ++i) {
      std::string part = score.values.size() > 1 ? fmt::format("/{}", i) : "";
      values += scalar("validation/" + score.name + part, score.values[i]);
    }
  std::string epoch =
      event(field(2, number_of_any_size, varint(static_cast<uint64_t>(record.step))) +
            field(5, counted_bytes, values));
  return (begins ? event(field(3, counted_bytes, "brain.Event:2")) : "") + epoch;
}

/// The version, and then an event for each epoch.
std::string keep_events(const std::string& bytes, int64_t epochs) {
  size_t kept = 0;
  for (int64_t frame = 0; frame <= epochs; ++frame) {
    size_t length = frame_length(std::string_view(bytes).substr(kept));
    if (length == 0) break;
    kept += length;
  }
  return bytes.substr(0, kept);
}

}  // namespace netc::trainer
