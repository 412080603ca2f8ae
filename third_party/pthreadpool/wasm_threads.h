// Threads for pthreadpool on WebAssembly, without Emscripten's: a thread is a further instance of the module, in a worker,
// over the same shared memory (bindings/wasm/thread.ts). It runs nothing but tasks of a pool, and they may neither allocate, nor
// call JavaScript, nor use thread_local variables: libc is the one for a single thread.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The most threads besides the one that runs the model.
enum { kLatformerMaxWasmThreads = 63 };

// Serves pools as thread `index`, counted from 0, and never returns. The instance has a stack of its own by then.
void latformer_thread(uint32_t index);

// To be called when latformer_thread was broken off by a trap: whoever waits for a thread traps too, instead of for ever.
void latformer_thread_failed(void);

#ifdef __cplusplus
}
#endif
