// Ctrl-C and SIGTERM while training: the first lets the step finish and the results be saved, the
// second ends the process at once.
#pragma once

#include <csignal>

namespace netc::trainer {

/// Handles both signals while it lives; one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, or 0.
  int pending() const;

 private:
  struct sigaction interrupt_, terminate_;
};

}  // namespace netc::trainer
