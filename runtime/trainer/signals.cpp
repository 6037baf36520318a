// A signal handler can reach nothing but a global: this file holds the only one.
#include "runtime/trainer/signals.h"

#include <unistd.h>

namespace netc::trainer {
namespace {

volatile std::sig_atomic_t received = 0;

extern "C" void note_signal(int number) {
  if (received != 0) _exit(128 + number);
  received = number;
}

}  // namespace

StopSignals::StopSignals() {
  received = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
}

int StopSignals::pending() const { return received; }

}  // namespace netc::trainer
