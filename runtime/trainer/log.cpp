// A killed run may leave lines of epochs that its checkpoint does not know, and half a line; going
// on from the checkpoint drops both.
#include "runtime/trainer/log.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "runtime/core/replace_file.h"

namespace netc::trainer {
namespace {

Failure cannot_write(const std::string& path) {
  return failure(exit_output, "{}: {}", path, std::strerror(errno));
}

std::string kept_lines(const std::string& path, int64_t kept_epochs) {
  std::string kept, line;
  std::ifstream file(path);
  long long epoch = 0;
  while (std::getline(file, line))
    if (line.ends_with('}') && std::sscanf(line.c_str(), "{\"epoch\":%lld", &epoch) == 1 &&
        epoch <= kept_epochs)
      kept += line + "\n";
  return kept;
}

}  // namespace

Result<Log> Log::open(const std::string& path, int64_t kept_epochs) {
  Log log;
  log.path_ = path;
  if (path.empty()) return log;
  if (kept_epochs > 0 && path != "-") {
    std::string kept = kept_lines(path, kept_epochs);
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
  std::string line = to_json(record) + "\n";
  std::fwrite(line.data(), 1, line.size(), file_.get());
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
