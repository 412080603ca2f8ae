// What pthreadpool calls of POSIX and Emscripten, under names that xnnpack.cmake changes so that libc keeps its own:
// pthread_create, pthread_join, emscripten_futex_wait, emscripten_futex_wake.
#include "wasm_threads.h"

#include <emscripten/threading.h>
#include <pthread.h>
#include <stdatomic.h>

// Where a thread waits for its next work: free until pthread_create gives it some, then busy until that returns. Work may
// be given before the thread has come.
struct seat {
  _Atomic uint32_t busy;
  void* (*run)(void*);
  void* argument;
};

static struct seat seats[kLatformerMaxWasmThreads];
static _Atomic uint32_t failed;

static int wait(int* address, int value) {
  const int64_t second = 1000000000;
  return __builtin_wasm_memory_atomic_wait32(address, value, second);
}

// Called through a pointer that no optimiser sees through: V8 11.3 (Node 20) forgets the address in its baseline code when
// a loop around the instruction needs it again.
static int (*volatile const wait_out_of_line)(int*, int) = wait;

int emscripten_futex_wait(volatile void* address, uint32_t value, double milliseconds) {
  (void)milliseconds;  // for ever, but once a second it is looked up whether there is still someone to wait for
  wait_out_of_line((int*)address, (int)value);
  if (atomic_load_explicit(&failed, memory_order_relaxed)) __builtin_trap();
  return 0;
}

int emscripten_futex_wake(volatile void* address, int count) {
  return __builtin_wasm_memory_atomic_notify((int*)address, count);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  (void)attributes;
  for (uint32_t i = 0; i < kLatformerMaxWasmThreads; ++i) {
    struct seat* seat = &seats[i];
    if (atomic_load_explicit(&seat->busy, memory_order_acquire)) continue;
    seat->run = run;
    seat->argument = argument;
    *thread = (pthread_t)seat;
    atomic_store_explicit(&seat->busy, 1, memory_order_release);
    emscripten_futex_wake(&seat->busy, 1);
    return 0;
  }
  __builtin_trap();  // pthreadpool does not look at what is returned, and would wait for ever
}

int pthread_join(pthread_t thread, void** result) {
  (void)result;
  struct seat* seat = (struct seat*)thread;
  while (atomic_load_explicit(&seat->busy, memory_order_acquire)) emscripten_futex_wait(&seat->busy, 1, 0);
  return 0;
}

void latformer_thread(uint32_t index) {
  struct seat* seat = &seats[index];
  for (;;) {
    while (!atomic_load_explicit(&seat->busy, memory_order_acquire)) emscripten_futex_wait(&seat->busy, 0, 0);
    seat->run(seat->argument);
    atomic_store_explicit(&seat->busy, 0, memory_order_release);
    emscripten_futex_wake(&seat->busy, 1);
  }
}

void latformer_thread_failed(void) { atomic_store_explicit(&failed, 1, memory_order_relaxed); }
