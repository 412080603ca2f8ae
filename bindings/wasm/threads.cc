#include "bindings/wasm/threads.h"

#include <wasm_threads.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "bindings/wasm/convert.h"
#include "core/base/buffer.h"
#include "core/base/status.h"

extern "C" void _emscripten_stack_restore(uintptr_t stack);  // of Emscripten's compiler-rt, in no header

namespace latformer {
namespace {

constexpr size_t kThreadStack = size_t{1} << 20;  // as -sSTACK_SIZE gives the first thread

}  // namespace

val FurtherThreads::add() {
  if (stacks_.size() == kLatformerMaxWasmThreads) {
    const std::string most = std::to_string(kLatformerMaxWasmThreads + 1);
    return failure(invalid_argument("at most " + most + " threads run a model"));
  }
  Result<Buffer<std::byte>> stack = Buffer<std::byte>::allocate(kThreadStack);
  if (!stack.ok()) return failure(stack.status());
  stacks_.push_back(std::move(stack).value());
  val thread = val::object();
  thread.set("index", stacks_.size() - 1);
  thread.set("stack", reinterpret_cast<uintptr_t>(stacks_.back().data()) + kThreadStack);
  thread.set("setStack", reinterpret_cast<uintptr_t>(&_emscripten_stack_restore));
  thread.set("run", reinterpret_cast<uintptr_t>(&latformer_thread));
  thread.set("fail", reinterpret_cast<uintptr_t>(&latformer_thread_failed));
  return thread;
}

bool FurtherThreads::suffice(size_t threads) const { return threads <= stacks_.size() + 1; }

}  // namespace latformer
