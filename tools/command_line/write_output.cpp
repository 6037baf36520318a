#include "tools/command_line/write_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace netc {

namespace {

Error cannot_write(const std::string& path, int error) {
  return Error{fmt::format("cannot write `{}`: {}", path, std::strerror(error))};
}

/// Writes everything and closes; 0 or the errno.
int write_and_close(int file, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      int error = errno;
      ::close(file);
      return error;
    }
    done += static_cast<size_t>(written);
  }
  return ::close(file) == 0 ? 0 : errno;
}

Status write_to_standard_output(const std::string& bytes, Content content) {
  if (content != Content::text && ::isatty(STDOUT_FILENO))
    return Error{"a binary does not go to a terminal; name a file with `-o`"};
  int copy = ::dup(STDOUT_FILENO);
  if (copy < 0) return cannot_write("standard output", errno);
  int error = write_and_close(copy, bytes);
  if (error) return cannot_write("standard output", error);
  return Done{};
}

/// What a fresh file of this content may be used for, under the process's mask.
mode_t permissions(Content content) {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return (content == Content::text || content == Content::binary ? 0666 : 0777) & ~mask;
}

/// Whether the path names a device, a pipe or the like, which is written in place.
bool is_special(const std::string& path) {
  struct stat state {};
  return ::stat(path.c_str(), &state) == 0 && !S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode);
}

}  // namespace

Status write_output(const std::string& path, const std::string& bytes, Content content) {
  if (path == "-") return write_to_standard_output(bytes, content);
  if (is_special(path)) {
    int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    int error = file < 0 ? errno : write_and_close(file, bytes);
    if (error) return cannot_write(path, error);
    return Done{};
  }
  std::string temporary = path + ".XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return cannot_write(path, errno);
  ::fchmod(file, permissions(content));
  int error = write_and_close(file, bytes);
  if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error) {
    ::unlink(temporary.c_str());
    return cannot_write(path, error);
  }
  return Done{};
}

Status write_through(const std::string& path,
                     const std::function<Status(const std::string&)>& write, Content content) {
  bool in_place = path == "-" || is_special(path);
  std::string temporary = (in_place ? std::string("/tmp/netc") : path) + ".XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return cannot_write(path, errno);
  ::close(file);
  Status status = write(temporary);
  if (status.ok() && in_place) {
    std::ifstream made(temporary, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(made)), std::istreambuf_iterator<char>());
    status = write_output(path, bytes, content);
  } else if (status.ok()) {
    ::chmod(temporary.c_str(), permissions(content));
    if (::rename(temporary.c_str(), path.c_str()) == 0) return Done{};
    status = cannot_write(path, errno);
  }
  ::unlink(temporary.c_str());
  return status;
}

}  // namespace netc
