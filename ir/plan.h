// What a `train` block says, settled while compiling: where the data is and how training runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace netc {

/// One data source: `idx("f.gz", part: 0..1500)`, ...
struct DataSource {
  std::string input;                 ///< the model's input that it feeds
  std::string kind;                  ///< idx, npy, npz, safetensors, csv, text
  std::string path;                  ///< as written; relative to the file or to `--data`
  std::string name;                  ///< the array's name in an npz or safetensors file
  std::vector<int64_t> columns;      ///< csv: columns by number
  std::string column;                ///< csv: one column by its header
  std::vector<std::string> classes;  ///< csv: words that stand for 0, 1, ...
  bool header = true;                ///< csv
  int64_t window = 0;                ///< text: bytes in a row; rows begin at every byte
  std::string alphabet;              ///< text: bytes that stand for 0, 1, ...; empty: as they are
  std::optional<std::pair<int64_t, int64_t>> part;  ///< half-open range of rows
};

struct TrainPlan {
  std::string model;
  std::string entry;      ///< the graph that makes a step: "train", "train2", ...
  std::string directory;  ///< of the file that holds the block: the base of relative paths
  std::vector<DataSource> data;
  std::vector<DataSource> validation;
  int64_t batch = 32;
  int64_t epochs = 1;
  bool shuffle = true;
  uint64_t seed = 0;
  std::optional<int64_t> early_stop;
};

/// The plan as one line of JSON, the form in which it travels to the trainer.
std::string to_json(const TrainPlan& plan);

}  // namespace netc
