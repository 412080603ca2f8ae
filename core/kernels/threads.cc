#include "core/kernels/threads.h"

#include <pthreadpool.h>

#include <string>

namespace latformer {

Result<Threads> Threads::create(size_t count) {
  Threads threads;
  if (count > 1) {
    threads.pool_.reset(pthreadpool_create(count));
    if (threads.pool_ == nullptr) return out_of_memory("no " + std::to_string(count) + " threads can be started");
  }
  return threads;
}

size_t Threads::count() const { return pool_ == nullptr ? 1 : pthreadpool_get_threads_count(pool_.get()); }

void Threads::Delete::operator()(pthreadpool* pool) const { pthreadpool_destroy(pool); }

}  // namespace latformer
