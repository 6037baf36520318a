// A safetensors file that has been read and checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/core/safetensors.h"
#include "runtime/trainer/array.h"

namespace netc::trainer {

class TensorFile {
 public:
  static Result<TensorFile> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;
  const netc_stored* find(const std::string& name) const;
  const char* metadata(const char* key) const;
  const netc_safetensors* get() const { return file_.get(); }
  Result<Array> read(const std::string& name) const;

 private:
  struct Close {
    void operator()(netc_safetensors* file) const;
  };
  TensorFile(std::string path, std::unique_ptr<netc_safetensors, Close> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  std::unique_ptr<netc_safetensors, Close> file_;
};

}  // namespace netc::trainer
