// Four floats at once, in the vector extensions that GCC and clang share: one source for SSE, NEON and WebAssembly
// SIMD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace latformer::kernels {

inline constexpr size_t kLanes = 4;

using F32x4 = float __attribute__((vector_size(16)));
using U32x4 = uint32_t __attribute__((vector_size(16)));

// Memory may be unaligned.
template <class Vector = F32x4, class T>
Vector load(const T* p) {
  static_assert(sizeof(T) * kLanes == sizeof(Vector));
  Vector v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline void store(F32x4 v, float* p) { std::memcpy(p, &v, sizeof(v)); }

inline F32x4 splat(float x) { return F32x4{x, x, x, x}; }
inline float sum(F32x4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }

template <class To, class From>
To bit_cast_vector(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &v, sizeof(result));
  return result;
}

}  // namespace latformer::kernels
