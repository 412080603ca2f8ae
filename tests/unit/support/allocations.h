// The heap under test: how much it holds, and failures on demand.
//
// Linked into a test, this replaces the C library's allocation functions. It measures with glibc's allocator only;
// under a sanitizer, which has its own, buffers can still be made to fail.
#pragma once

#include <cstddef>

namespace latformer::testing {

bool can_measure_heap();
size_t heap_bytes();  // held now
size_t heap_peak();   // the most held at once since the last reset_heap_peak()
void reset_heap_peak();

bool can_fail_buffers();
// The n-th next allocation of aligned memory, which is what Buffer and XNNPACK ask for, fails (and only that one). 0:
// none does.
void fail_buffer(size_t n);
// Whether the failure that was asked for has happened.
bool buffer_failed();

// Any allocation, those of the standard library's containers included.
bool can_fail_allocations();
// The n-th next allocation fails, alone or with all that follow, until this is called again. 0: none does.
enum class Failing { one, all_from_there };
void fail_allocation(size_t n, Failing failing = Failing::one);
// Whether the failure that was asked for has happened.
bool allocation_failed();

}  // namespace latformer::testing
