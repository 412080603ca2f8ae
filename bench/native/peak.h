// What the processor can do at most with the vectors of core/kernels/micro/vector.h: a loop of nothing but the
// operation that a matrix product is made of, on registers, with enough independent chains to hide its latency.
//
// What is measured in the same binary as the matrix products is the bound that holds for them: what the instruction set
// gives, and not what a data sheet says of the processor.
#pragma once

#include <cstddef>

namespace latformer {

// Each runs its loop `rounds` times and gives the number of operations; a multiplication and an addition are two.
double run_f32_peak(size_t rounds);
// Of vectors: where int8 runs in AMX's tiles it is above this.
double run_int8_peak(size_t rounds);

// Reads x (n), a multiple of 64 bytes, and does nothing else of note: the bound of what comes from memory.
void read_all(size_t n, const float* x);

}  // namespace latformer
