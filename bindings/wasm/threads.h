// The engine's side of its further threads: what each begins with (thread.ts).
#pragma once

#include <emscripten/val.h>

#include <cstddef>
#include <vector>

#include "core/base/buffer.h"

namespace latformer {

class FurtherThreads {
 public:
  // What one more thread needs: its number, the address that its stack goes down from, and the functions that it calls,
  // as indices into the module's table. Errors: invalid_argument (there are as many as can be), out_of_memory.
  emscripten::val add();
  size_t count() const { return stacks_.size(); }

 private:
  std::vector<Buffer<std::byte>> stacks_;
};

}  // namespace latformer
