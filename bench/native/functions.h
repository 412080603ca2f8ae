// Functions of our own where the core uses XNNPACK's, so that the choice can be measured again: for the widest vectors
// of this machine, as peak.h is.
#pragma once

#include <cstddef>

namespace latformer {

// x (n) = softmax(x), n a multiple of 16.
void our_softmax_row(size_t n, float* x);

}  // namespace latformer
