// The loops IR as text: printed, parsed, verified, printed the same again.
//
//   kernel @k1(%x: f32*, %y: mut f32*) {
//     %zero = constant 0 : f32x8
//     %sum = for %i = 0 to N step 8 carry %s = %zero {
//       %v = load %x[%i] : f32x8              // [stride 3 | gather] [mask %m]
//       %t = add %s, %v                       // any function of the table, by its name
//       yield %t
//     }
//     %r = reduce add %sum
//     store %y[task], %r                      // [stride 3 | gather] [mask %m] [non_temporal]
//   }
//
//   step digits train capacity 10 arena 4096 {
//     %image: f32[N, 784] = input 0           // output 0, setting, arena 64
//     @dense1.w: f32[784, 30] = variable
//     phase {
//       @k1(%image, @dense1.w) tasks N by 4   // ceil(N / 4) tasks
//     }
//   }
//
// Scalar i64 constants, N, `task` and `task_end` are written where they are used.
#pragma once

#include <string>
#include <vector>

#include "ir/loops/loops.h"
#include "ir/support/diagnostics.h"

namespace netc::loops {

/// Where the text of a program has what, as lines from 1; instructions that are written where they
/// are used stand at the line before.
struct LineTable {
  struct OfKernel {
    uint32_t first = 0;
    std::vector<uint32_t> instructions;
  };
  struct OfStep {
    uint32_t first = 0;
    std::vector<std::vector<uint32_t>> calls;  ///< by phase
  };
  std::vector<OfKernel> kernels;
  std::vector<OfStep> steps;
};

std::string print(const Program& program, LineTable* lines = nullptr);
std::string print(const Kernel& kernel);

/// Reports what it cannot read as `loops-syntax` and returns what it could.
Program parse_program(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

/// Every broken rule in words; empty: the program is well formed.
std::vector<std::string> verify(const Program& program);

}  // namespace netc::loops
