#include "tests/unit/support/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "tests/unit/support/sanitized.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

// Plain atomics: these are used before any constructor runs.
std::atomic<size_t> held{0};
std::atomic<size_t> peak{0};
std::atomic<size_t> failing{0};

std::atomic<size_t> before_failure{0};  // allocations until one fails, that one included; 0: none does
std::atomic<bool> has_failed{false};
std::atomic<bool> goes_on_failing{false};

[[maybe_unused]] bool any_fails_now() {
  size_t n = before_failure.load();
  if (n == 0) return false;
  if (n > 1) {
    before_failure = n - 1;
    return false;
  }
  has_failed = true;
  if (!goes_on_failing) before_failure = 0;
  return true;
}

[[maybe_unused]] bool fails_now() {
  size_t n = failing.load();
  while (n > 0 && !failing.compare_exchange_weak(n, n - 1)) {
  }
  return n == 1;
}

}  // namespace

#ifdef __GLIBC__
#ifdef LATFORMER_SANITIZED

extern "C" {
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return fails_now() ? nullptr : memalign(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) noexcept {
  *block = fails_now() ? nullptr : memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}

#else

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* block);
}

namespace {

void* counted(void* block) {
  if (block == nullptr) return nullptr;
  const size_t now = held += malloc_usable_size(block);
  size_t most = peak.load();
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
  return block;
}

void uncount(void* block) { held -= malloc_usable_size(block); }

}  // namespace

extern "C" {
void* malloc(size_t size) noexcept { return any_fails_now() ? nullptr : counted(__libc_malloc(size)); }
void* calloc(size_t count, size_t size) noexcept {
  return any_fails_now() ? nullptr : counted(__libc_calloc(count, size));
}
void* realloc(void* block, size_t size) noexcept {
  if (any_fails_now()) return nullptr;
  uncount(block);
  void* moved = __libc_realloc(block, size);
  if (moved == nullptr && size > 0) {
    counted(block);
    return nullptr;
  }
  return counted(moved);
}
void free(void* block) noexcept {
  uncount(block);
  __libc_free(block);
}
void* memalign(size_t alignment, size_t size) noexcept {
  return any_fails_now() || fails_now() ? nullptr : counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) noexcept {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}

#endif
#endif

namespace latformer::testing {

#if defined(__GLIBC__) && !defined(LATFORMER_SANITIZED)
bool can_measure_heap() { return true; }
#else
bool can_measure_heap() { return false; }
#endif
#ifdef __GLIBC__
bool can_fail_buffers() { return true; }
#else
bool can_fail_buffers() { return false; }
#endif

size_t heap_bytes() { return held; }
size_t heap_peak() { return peak; }
void reset_heap_peak() { peak = held.load(); }
void fail_buffer(size_t n) { failing = n; }
bool buffer_failed() { return failing == 0; }
bool can_fail_allocations() { return can_measure_heap(); }
void fail_allocation(size_t n, Failing how) {
  if (n > 0) has_failed = false;
  goes_on_failing = how == Failing::all_from_there;
  before_failure = n;
}
bool allocation_failed() { return has_failed; }

}  // namespace latformer::testing
