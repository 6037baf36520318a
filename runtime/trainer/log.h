// The log of a run, one record an epoch, each complete as soon as it is written.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "runtime/trainer/scores.h"

namespace netc::trainer {

struct EpochRecord {
  int64_t epoch = 0;
  int64_t step = 0;
  double loss = 0;
  std::vector<Score> validation;
  double seconds = 0;  ///< of this epoch
};

/// How records are written, and how a file of them is read back after a kill.
struct LogFormat {
  /// A record's bytes; with what stands before the first one, where `begins` says so.
  std::string (*encode)(const EpochRecord& record, bool begins);
  /// The beginning of a file with the whole records of the epochs up to `epochs`.
  std::string (*keep)(const std::string& bytes, int64_t epochs);
};

/// By a path's name: TensorBoard's events for `*.tfevents*`, a table for `*.csv`, else JSON lines.
const LogFormat& log_format(const std::string& path);

class Log {
 public:
  /// An empty path keeps no log. The first `kept_epochs` of an existing log stay (those before the
  /// point where a run is resumed), the rest is dropped.
  static Result<Log> open(const std::string& path, int64_t kept_epochs);
  Status write(const EpochRecord& record);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  const LogFormat* format_ = nullptr;
  bool begins_ = true;  ///< nothing is in the file yet
  std::unique_ptr<std::FILE, Close> file_;
};

/// `{"epoch":1,"step":1875,"loss":0.31,"validation":{"loss":0.2},"seconds":1.2}`
std::string to_json(const EpochRecord& record);

/// TensorBoard's format (log_events.cpp).
std::string encode_events(const EpochRecord& record, bool begins);
std::string keep_events(const std::string& bytes, int64_t epochs);

}  // namespace netc::trainer
