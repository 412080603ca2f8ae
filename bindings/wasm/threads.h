// The engine's side of its further threads: what each begins with (thread.ts). Those of the native addon start by
// themselves (addon/threads.cc).
#pragma once

#include <cstddef>
#include <vector>

#include "bindings/value/value.h"
#include "core/base/buffer.h"

namespace latformer {

class FurtherThreads {
 public:
  // What one more thread needs: its number, the address that its stack goes down from, and the functions that it calls,
  // as indices into the module's table. Errors: invalid_argument (there are as many as can be), out_of_memory.
  val add();
  // Whether so many can run, the first one included.
  bool suffice(size_t threads) const;

 private:
  std::vector<Buffer<std::byte>> stacks_;
};

}  // namespace latformer
