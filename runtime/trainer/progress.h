// What a person sees on stderr while a model trains: a bar on a terminal, otherwise one line an
// epoch.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace netc::trainer {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Style { none, lines, bar };

  explicit Progress(Style style) : style_(style) {}
  ~Progress() { clear(); }

  void begin_epoch(int64_t epoch, int64_t epochs, int64_t rows, int64_t rows_done);
  /// After a step: rows of the epoch so far, and their mean loss. Draws at most ten times a second.
  void step(int64_t rows_done, double loss);
  /// The line that stays.
  void end_epoch(int64_t step, int64_t rows_done, double loss, const std::string& validation);
  double epoch_seconds() const;
  /// Removes the bar.
  void clear();

 private:
  double rows_per_second(int64_t rows_done) const;

  Style style_;
  bool drawn_ = false;
  int64_t epoch_ = 0, epochs_ = 0, rows_ = 0, rows_before_ = 0;
  Clock::time_point begin_{}, last_drawn_{};
};

}  // namespace netc::trainer
