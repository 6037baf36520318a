// Drawing goes to stderr in one write a time, so that it does not tear.
#include "runtime/trainer/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace netc::trainer {
namespace {

std::string duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  int64_t whole = static_cast<int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

/// 12,345
std::string with_commas(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  for (ptrdiff_t at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

void Progress::begin_epoch(int64_t epoch, int64_t epochs, int64_t rows, int64_t rows_done) {
  epoch_ = epoch;
  epochs_ = epochs;
  rows_ = rows;
  rows_before_ = rows_done;
  begin_ = last_drawn_ = Clock::now();
}

double Progress::epoch_seconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

double Progress::rows_per_second(int64_t rows_done) const {
  return static_cast<double>(rows_done - rows_before_) / std::max(epoch_seconds(), 1e-9);
}

void Progress::step(int64_t rows_done, double loss) {
  if (style_ != Style::bar) return;
  Clock::time_point now = Clock::now();
  if (now - last_drawn_ < std::chrono::milliseconds(100)) return;
  last_drawn_ = now;
  drawn_ = true;
  constexpr int64_t width = 24;
  auto filled = static_cast<size_t>(rows_done * width / std::max<int64_t>(rows_, 1));
  double speed = rows_per_second(rows_done);
  double left = static_cast<double>(rows_ - rows_done + (epochs_ - epoch_) * rows_) / speed;
  std::string line =
      fmt::format("\r\x1b[Kepoch {}/{}  [{}{}]  {} rows/s  loss {:.4g}  {} left", epoch_, epochs_,
                  std::string(filled, '='), std::string(width - filled, ' '), with_commas(speed),
                  loss, duration(left));
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

void Progress::end_epoch(int64_t step, int64_t rows_done, double loss,
                         const std::string& validation) {
  if (style_ == Style::none) return;
  clear();
  std::string line =
      fmt::format("epoch {}/{}  step {}  loss {:.4g}{}{}  {} rows/s  {}\n", epoch_, epochs_, step,
                  loss, validation.empty() ? "" : "  validation: ", validation,
                  with_commas(rows_per_second(rows_done)), duration(epoch_seconds()));
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace netc::trainer
