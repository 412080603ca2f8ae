// Constants of the functions in micro/rows.h and of 4-bit weights, in memory where no compiler sees their values: V8
// makes a vector constant out of an integer at every use, by three instructions, and loads one by one.
//
//   e^r = sum_i factors[i] r^i                  |r| <= ln 2 / 2     to within 1.1e-7 of it
//   erf(x / sqrt 2) = x P(x^2) / Q(x^2)         |x| <= most         to within 1.7e-7
//
// Minimax fits by iteratively reweighted least squares; P / Q is then 1 at `most` in f32, fused or not.
#pragma once

#include <cstdint>

namespace latformer::kernels {

struct FunctionConstants {
  float round;             // kRound of micro/quantize.h
  int32_t low_bits_of[2];  // the lowest four of each byte, and of each 16 bits
  struct {
    float least, log2_e;
    float minus_ln2[2];  // -ln 2 in two parts, the first of few digits
    float factors[6];
  } exp;
  struct {
    float most, half;
    float p[5], q[6];
  } erf;
};
extern const FunctionConstants kFunctionConstants;

}  // namespace latformer::kernels
