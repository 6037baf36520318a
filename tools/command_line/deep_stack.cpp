// The limits of nesting are fixed numbers, so the stack must be, too: `ulimit -s` may grant less.
// Memory that is never touched costs nothing but addresses.
#include "tools/command_line/deep_stack.h"

#include <pthread.h>

namespace netc {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr size_t stack_bytes = size_t{256} << 20;  // frames have gaps around their variables
#else
constexpr size_t stack_bytes = size_t{32} << 20;
#endif

struct Call {
  const std::function<int()>& run;
  int result = 0;
};

void* make(void* data) {
  Call& call = *static_cast<Call*>(data);
  call.result = call.run();
  return nullptr;
}

}  // namespace

int run_on_deep_stack(const std::function<int()>& run) {
  Call call{run};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  bool is_made = pthread_create(&thread, &attributes, make, &call) == 0;
  pthread_attr_destroy(&attributes);
  if (!is_made) return run();
  pthread_join(thread, nullptr);
  return call.result;
}

}  // namespace netc
