// Lets each allocation of a piece of work fail in turn.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <stdexcept>

#include "core/base/status.h"
#include "tests/unit/support/allocations.h"

namespace latformer::testing {

// `work`, as the edge of the bindings calls it.
template <class Work>
Status guarded(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return {ErrorCode::out_of_memory, {}};
  } catch (const std::length_error&) {
    return {ErrorCode::out_of_memory, {}};
  }
}

// Lets each allocation of `work` fail in turn, until it is through without a failure; `after` sees how things are then.
template <class Work, class After>
size_t fail_each_allocation(const Work& work, const After& after) {
  size_t failures = 0;
  for (const Failing failing : {Failing::one, Failing::all_from_there}) {
    for (size_t n = 1;; ++n) {
      fail_allocation(n, failing);
      ErrorCode code{};
      {
        const Status status = guarded(work);
        fail_allocation(0);
        code = status.code();
      }
      if (!allocation_failed()) break;
      ++failures;
      // What needs no memory to go on may do so.
      if (code != ErrorCode::ok) {
        EXPECT_EQ(code, ErrorCode::out_of_memory) << "allocation " << n;
      }
      after();
      if (::testing::Test::HasFailure()) return failures;
    }
  }
  return failures;
}

}  // namespace latformer::testing
