// Threads of the native addon: those of pthreadpool, which start by themselves when a model is opened.
#include "bindings/wasm/threads.h"

#include "bindings/wasm/convert.h"

namespace latformer {
namespace {

constexpr size_t kMostThreads = 64;  // as WebAssembly has it

}  // namespace

val FurtherThreads::add() { return failure(invalid_argument("threads of the addon start by themselves")); }

bool FurtherThreads::suffice(size_t threads) const { return threads <= kMostThreads; }

}  // namespace latformer
