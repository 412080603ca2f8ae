// The threads that kernels run on.
#pragma once

#include <cstddef>
#include <memory>

#include "core/base/status.h"

struct pthreadpool;

namespace latformer {

// One per model; not shared between simultaneous calls.
class Threads {
 public:
  // count 1: the caller's own thread alone. Errors: out_of_memory.
  static Result<Threads> create(size_t count);
  pthreadpool* pool() const { return pool_.get(); }  // null for one thread
  size_t count() const;                              // the caller's own included

 private:
  struct Delete {
    void operator()(pthreadpool* pool) const;
  };
  std::unique_ptr<pthreadpool, Delete> pool_;
};

}  // namespace latformer
