// The log of a run: a JSON object a line, one line an epoch, each complete as soon as it is
// written.
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
  std::unique_ptr<std::FILE, Close> file_;
};

/// `{"epoch":1,"step":1875,"loss":0.31,"validation":{"loss":0.2},"seconds":1.2}`
std::string to_json(const EpochRecord& record);

}  // namespace netc::trainer
