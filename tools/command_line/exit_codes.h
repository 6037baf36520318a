// What the programs tell the shell; training adds its own (runtime/trainer/trainer.h).
#pragma once

namespace netc {

enum ExitCode : int {
  exit_done = 0,
  exit_bad_input = 1,  ///< the model, the IR or the data is wrong
  exit_usage = 2,      ///< the command line is wrong
  exit_output = 74,    ///< output could not be written
};

}  // namespace netc
