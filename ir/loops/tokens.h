// The words of loops text, and a cursor over them. The first error is reported and ends the text:
// what follows reads as its end, so a parser written as plain loops always finishes.
#pragma once

#include <string>
#include <string_view>

#include "ir/support/diagnostics.h"
#include "ir/types.h"

namespace netc::loops {

class Cursor {
 public:
  Cursor(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

  bool at_end() const { return token_.empty(); }
  bool failed() const { return failed_; }
  bool at(std::string_view text) const { return token_ == text; }
  /// Whether the next token is a name with this sigil, `%` or `@`.
  bool at_name(char sigil) const { return token_.size() > 1 && token_[0] == sigil; }
  SourceRange range() const;

  /// Takes the next token if it is `text`.
  bool accept(std::string_view text);
  void expect(std::string_view text);
  /// `%name` or `@name`, without the sigil; `what` names it in the error.
  std::string name(char sigil, std::string_view what);
  std::string word(std::string_view what);
  int64_t integer(std::string_view what);
  /// A number of either kind; whether it is an integer, which `*integer` then holds too.
  bool read_constant(double* number, int64_t* integer);
  DType dtype();

  template <typename... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    report(range(), fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error_at(SourceRange range, fmt::format_string<Args...> text, Args&&... args) {
    report(range, fmt::format(text, std::forward<Args>(args)...));
  }

 private:
  void advance();
  void report(SourceRange range, const std::string& message);
  std::string_view take();

  std::string_view text_;
  FileId file_;
  Diagnostics& diagnostics_;
  size_t next_ = 0;         ///< offset after the current token
  std::string_view token_;  ///< empty at the end
  bool failed_ = false;
};

}  // namespace netc::loops
