// A killed run may leave records of epochs that its checkpoint does not know, and a part of one;
// going on from the checkpoint drops both.
#include "runtime/trainer/log.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "runtime/core/replace_file.h"

namespace netc::trainer {
namespace {

Failure cannot_write(const std::string& path) {
  return failure(exit_output, "{}: {}", path, std::strerror(errno));
}

/// The lines that `epoch_of` finds an epoch up to `epochs` in; it gives 0 for a heading.
template <typename EpochOf>
std::string keep_lines(const std::string& bytes, int64_t epochs, const EpochOf& epoch_of) {
  std::string kept;
  for (size_t begin = 0, end; (end = bytes.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    std::string line = bytes.substr(begin, end - begin);
    std::optional<int64_t> epoch = epoch_of(line);
    if (epoch && *epoch <= epochs) kept += line + "\n";
  }
  return kept;
}

std::optional<int64_t> epoch_after(const std::string& line, const char* pattern) {
  long long epoch = 0;
  if (std::sscanf(line.c_str(), pattern, &epoch) != 1) return std::nullopt;
  return epoch;
}

std::string encode_json(const EpochRecord& record, bool) { return to_json(record) + "\n"; }

std::string keep_json(const std::string& bytes, int64_t epochs) {
  return keep_lines(bytes, epochs, [](const std::string& line) {
    return line.ends_with('}') ? epoch_after(line, "{\"epoch\":%lld") : std::nullopt;
  });
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value)
         : std::isnan(value)  ? "nan"
         : value > 0          ? "inf"
                              : "-inf";
}

std::string encode_csv(const EpochRecord& record, bool begins) {
  std::string heading = "epoch,step,loss,seconds";
  std::string row = fmt::format("{},{},{},{:.3f}", record.epoch, record.step,
                                csv_number(record.loss), record.seconds);
  for (const Score& score : record.validation)
    for (size_t i = 0; i < score.values.size(); ++i) {
      heading += ",validation." + score.name;
      if (score.values.size() > 1) heading += fmt::format(".{}", i);
      row += "," + csv_number(score.values[i]);
    }
  return (begins ? heading + "\n" : "") + row + "\n";
}

std::string keep_csv(const std::string& bytes, int64_t epochs) {
  return keep_lines(bytes, epochs, [](const std::string& line) {
    return line.starts_with("epoch,") ? std::optional<int64_t>(0) : epoch_after(line, "%lld,");
  });
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

const LogFormat& log_format(const std::string& path) {
  static constexpr LogFormat json = {encode_json, keep_json};
  static constexpr LogFormat csv = {encode_csv, keep_csv};
  static constexpr LogFormat events = {encode_events, keep_events};
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.find(".tfevents") != std::string::npos) return events;
  return name.ends_with(".csv") ? csv : json;
}

Result<Log> Log::open(const std::string& path, int64_t kept_epochs) {
  Log log;
  log.path_ = path;
  log.format_ = &log_format(path);
  if (path.empty()) return log;
  if (kept_epochs > 0 && path != "-") {
    std::string kept = log.format_->keep(read_all(path), kept_epochs);
    log.begins_ = kept.empty();
    netc_replacement replacement;
    if (!netc_replacement_open(&replacement, path.c_str())) return cannot_write(path);
    std::fwrite(kept.data(), 1, kept.size(), replacement.file);
    if (!netc_replacement_commit(&replacement)) return cannot_write(path);
  }
  log.file_.reset(
      std::fopen(path == "-" ? "/dev/stdout" : path.c_str(), kept_epochs > 0 ? "a" : "w"));
  if (!log.file_) return cannot_write(path);
  return log;
}

Status Log::write(const EpochRecord& record) {
  if (!file_) return Done{};
  std::string bytes = format_->encode(record, begins_);
  begins_ = false;
  std::fwrite(bytes.data(), 1, bytes.size(), file_.get());
  if (std::fflush(file_.get()) != 0) return cannot_write(path_);
  return Done{};
}

std::string to_json(const EpochRecord& record) {
  std::string validation =
      record.validation.empty() ? "" : ",\"validation\":" + to_json(record.validation);
  return fmt::format("{{\"epoch\":{},\"step\":{},\"loss\":{}{},\"seconds\":{:.3f}}}", record.epoch,
                     record.step, json_number(record.loss), validation, record.seconds);
}

}  // namespace netc::trainer
