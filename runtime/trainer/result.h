// A value, or the failure that the process reports and ends with.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>

#include "runtime/trainer/trainer.h"

namespace netc::trainer {

struct Failure {
  ExitCode code;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Failure failure) : state_(std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

struct Done {};
using Status = Result<Done>;

template <typename... Arguments>
Failure failure(ExitCode code, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return {code, fmt::format(format, std::forward<Arguments>(arguments)...)};
}

}  // namespace netc::trainer
