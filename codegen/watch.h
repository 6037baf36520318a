// Emitted code under the address sanitizer: a compiler that is built with it watches the accesses
// of the kernels it makes, as it is watched itself.
#pragma once

#include <llvm/IR/Module.h>

namespace netc {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool is_watched = true;
#else
inline constexpr bool is_watched = false;
#endif

/// The functions of the sanitizer's runtime that watched code calls begin with this.
inline constexpr const char* watcher_prefix = "__asan_";

/// Has every load and store of the functions marked `sanitize_address` checked.
void watch_accesses(llvm::Module& module);

}  // namespace netc
