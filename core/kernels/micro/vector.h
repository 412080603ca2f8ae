// The widest vectors of the instruction set that a file is compiled for, and the three operations that a register tile
// needs: load, spread one value over all lanes, multiply and add.
//
//   AVX-512 16 lanes    AVX2 8 lanes    SSE2, NEON, WebAssembly SIMD 4 lanes
//
// Int8Dot multiplies signed 8-bit weights by activations in 0 .. 127 and adds neighbours up in 32-bit lanes, exactly:
// as no activation needs an eighth bit, no sum of two products overflows 16 bits, and every machine's fastest dot
// product gives the same (for WebAssembly's relaxed one, see the relaxed-simd proposal,
// i32x4.relaxed_dot_i8x16_i7x16_add).
//
// Int8PairDot is for machines that have no such instruction but one for 16-bit sums of two products (x86 without VNNI;
// V8 takes five instructions for each relaxed dot product there). It takes two groups at once and adds them up in 16
// bits before it widens them, five instructions for both. Of four weights, neither those above nor those below zero may
// add up to more than 258 then (pack.h).
//
// Files that include this one are compiled with options of their own (see CMakeLists.txt). What they instantiate must
// therefore not be shared: everything is in an unnamed namespace, and nothing of the standard library is called.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "core/kernels/micro/function_constants.h"
#include "core/kernels/micro/table.h"

namespace latformer::kernels {
namespace {

#if defined(__AVX512F__)
inline constexpr size_t kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr size_t kVectorBytes = 32;
#else
inline constexpr size_t kVectorBytes = 16;
#endif
inline constexpr size_t kWidth = kVectorBytes / 4;  // lanes of 32 bits

using Floats = float __attribute__((vector_size(kVectorBytes)));
using Ints = int32_t __attribute__((vector_size(kVectorBytes)));

// Memory may be unaligned.
template <class Vector, class T>
[[gnu::always_inline]] inline Vector load_vector(const T* p) {
  Vector v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}
template <class Vector, class T>
[[gnu::always_inline]] inline void store_vector(Vector v, T* p) {
  __builtin_memcpy(p, &v, sizeof(v));
}

[[gnu::always_inline]] inline Floats spread(float x) {
#if defined(__wasm_simd128__)
  return (Floats)wasm_f32x4_splat(x);
#else
  return x - Floats{};
#endif
}
[[gnu::always_inline]] inline Ints spread(int32_t x) { return x - Ints{}; }

// One of the constants in memory (function_constants.h), spread as it is loaded.
template <class T>
[[gnu::always_inline]] inline auto constant(const T& x) {
#if defined(__wasm_simd128__)
  return (decltype(spread(x)))wasm_v128_load32_splat(&x);
#else
  return spread(x);
#endif
}

// a * b + c, rounded once where the machine can.
[[gnu::always_inline]] inline Floats multiply_add(Floats a, Floats b, Floats c) {
#if defined(__wasm_relaxed_simd__)
  return (Floats)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)c);
#elif defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

// One vector of 32-bit sums takes kGroup weights and activations for each lane at a time: activations() has the same
// for all lanes, activations_of_lanes() those of each.
struct Int8Dot {
#if defined(__AVX512VNNI__)
  using Activation = uint8_t;
  using Group = __m512i;  // kGroup values for each lane
  static constexpr size_t kGroup = 4;
  static Group weights(const int8_t* p) { return _mm512_loadu_si512(p); }
  static Group activations(const Activation* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof(group));
    return _mm512_set1_epi32(group);
  }
  static Group activations_of_lanes(const Activation* p) { return _mm512_loadu_si512(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const Group both = _mm512_loadu_si512(p);
    groups[0] = _mm512_and_si512(both, _mm512_set1_epi8(15));
    groups[1] = _mm512_and_si512(_mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
  }
  static Ints add(Ints sums, Group w, Group x) { return (Ints)_mm512_dpbusd_epi32((__m512i)sums, x, w); }
#elif defined(__AVX2__)
  using Activation = uint8_t;
  using Group = __m256i;
  static constexpr size_t kGroup = 4;
  static Group weights(const int8_t* p) { return load_vector<__m256i>(p); }
  static Group activations(const Activation* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof(group));
    return _mm256_set1_epi32(group);
  }
  static Group activations_of_lanes(const Activation* p) { return load_vector<__m256i>(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const Group both = load_vector<__m256i>(p);
    groups[0] = _mm256_and_si256(both, _mm256_set1_epi8(15));
    groups[1] = _mm256_and_si256(_mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
  }
#if defined(__AVXVNNI__)
  static Ints add(Ints sums, Group w, Group x) { return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sums, x, w); }
#else
  static Ints add(Ints sums, Group w, Group x) { return add_widened(sums, products(w, x)); }
#endif
  // Sums of two products in 16 bits, and those added in pairs to sums of 32 bits.
  static Group products(Group w, Group x) { return _mm256_maddubs_epi16(x, w); }
  static Group add_products(Group a, Group b) { return _mm256_add_epi16(a, b); }
  static Ints add_widened(Ints sums, Group products) {
    return sums + (Ints)_mm256_madd_epi16(products, _mm256_set1_epi16(1));
  }
#elif defined(__wasm_relaxed_simd__)
  using Activation = uint8_t;
  using Group = v128_t;
  static constexpr size_t kGroup = 4;
  static Group weights(const int8_t* p) { return wasm_v128_load(p); }
  static Group activations(const Activation* p) { return wasm_v128_load32_splat(p); }
  static Group activations_of_lanes(const Activation* p) { return wasm_v128_load(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const Group both = wasm_v128_load(p);
    const auto low_bits = (Group)constant(kFunctionConstants.low_bits_of[0]);
    groups[0] = wasm_v128_and(both, low_bits);
    groups[1] = wasm_v128_and(wasm_u16x8_shr(both, 4), low_bits);
  }
  static Ints add(Ints sums, Group w, Group x) {
    return (Ints)wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w, x, (v128_t)sums);
  }
  static Group products(Group w, Group x) { return wasm_i16x8_relaxed_dot_i8x16_i7x16(w, x); }
  static Group add_products(Group a, Group b) { return wasm_i16x8_add(a, b); }
  static Ints add_widened(Ints sums, Group products) {
    return (Ints)wasm_i32x4_add((v128_t)sums, wasm_i32x4_extadd_pairwise_i16x8(products));
  }
#else
  // Pairs of 16 bits, which all of these have a dot product for.
  using Activation = int16_t;
  static constexpr size_t kGroup = 2;
#if defined(__wasm_simd128__)
  using Group = v128_t;
  static Group weights(const int8_t* p) { return wasm_i16x8_load8x8(p); }
  static Group activations(const Activation* p) { return wasm_v128_load32_splat(p); }
  static Group activations_of_lanes(const Activation* p) { return wasm_v128_load(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const Group both = wasm_u16x8_load8x8(p);
    groups[0] = wasm_v128_and(both, (Group)constant(kFunctionConstants.low_bits_of[1]));
    groups[1] = wasm_u16x8_shr(both, 4);
  }
  static Ints add(Ints sums, Group w, Group x) {
    return (Ints)wasm_i32x4_add((v128_t)sums, wasm_i32x4_dot_i16x8(w, x));
  }
#elif defined(__SSE2__)
  using Group = __m128i;
  static Group weights(const int8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
  }
  static Group activations(const Activation* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof(group));
    return _mm_set1_epi32(group);
  }
  static Group activations_of_lanes(const Activation* p) { return load_vector<__m128i>(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    const Group both = _mm_unpacklo_epi8(bytes, __m128i{});
    groups[0] = _mm_and_si128(both, _mm_set1_epi16(15));
    groups[1] = _mm_srli_epi16(both, 4);
  }
  static Ints add(Ints sums, Group w, Group x) { return (Ints)_mm_add_epi32((__m128i)sums, _mm_madd_epi16(w, x)); }
#elif defined(__ARM_NEON)
  using Group = int16x8_t;
  static Group weights(const int8_t* p) { return vmovl_s8(vld1_s8(p)); }
  static Group activations(const Activation* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof(group));
    return vreinterpretq_s16_s32(vdupq_n_s32(group));
  }
  static Group activations_of_lanes(const Activation* p) { return vld1q_s16(p); }
  static void nibbles(const uint8_t* p, Group* groups) {
    const uint16x8_t both = vmovl_u8(vld1_u8(p));
    groups[0] = vreinterpretq_s16_u16(vandq_u16(both, vdupq_n_u16(15)));
    groups[1] = vreinterpretq_s16_u16(vshrq_n_u16(both, 4));
  }
  static Ints add(Ints sums, Group w, Group x) {
    const int32x4_t low = vmull_s16(vget_low_s16(w), vget_low_s16(x));
    const int32x4_t high = vmull_s16(vget_high_s16(w), vget_high_s16(x));
    return sums + vpaddq_s32(low, high);
  }
#else
#error "No 16-bit dot product is known for this processor"
#endif
#endif

  static constexpr size_t kStep = kGroup;  // what a tile takes at a time
  static Ints add(Ints sums, const Group* w, const Group* x) { return add(sums, *w, *x); }
};

// q = values, but within 0 .. 127; so many vectors of them at a time.
#if defined(__wasm_relaxed_simd__)
inline constexpr size_t kLevelVectors = 4;
[[gnu::always_inline]] inline void store_levels(const Ints* values, Int8Dot::Activation* q) {
  const auto narrow = [](Ints a, Ints b) { return wasm_i16x8_narrow_i32x4((v128_t)a, (v128_t)b); };
  const v128_t bytes = wasm_u8x16_narrow_i16x8(narrow(values[0], values[1]), narrow(values[2], values[3]));
  wasm_v128_store(q, wasm_u8x16_min(bytes, wasm_u8x16_splat(kInt8Levels)));
}
#elif defined(__wasm_simd128__)
inline constexpr size_t kLevelVectors = 2;
[[gnu::always_inline]] inline void store_levels(const Ints* values, Int8Dot::Activation* q) {
  const v128_t pairs = wasm_i16x8_narrow_i32x4((v128_t)values[0], (v128_t)values[1]);
  wasm_v128_store(q, wasm_i16x8_min(wasm_i16x8_max(pairs, v128_t{}), wasm_i16x8_splat(kInt8Levels)));
}
#else
inline constexpr size_t kLevelVectors = 1;
[[gnu::always_inline]] inline void store_levels(const Ints* values, Int8Dot::Activation* q) {
  Ints within = *values < 0 ? Ints{} : *values;
  within = within > kInt8Levels ? spread(kInt8Levels) : within;
  using Narrow = Int8Dot::Activation __attribute__((vector_size(kWidth * sizeof(Int8Dot::Activation))));
  store_vector(__builtin_convertvector(within, Narrow), q);
}
#endif

#if (defined(__AVX2__) && !defined(__AVXVNNI__) && !defined(__AVX512VNNI__)) || defined(__wasm_relaxed_simd__)
#define LATFORMER_INT8_PAIR_DOT 1
struct Int8PairDot : Int8Dot {
  static constexpr size_t kStep = 2 * kGroup;
  static Ints add(Ints sums, const Group* w, const Group* x) {
    return add_widened(sums, add_products(products(w[0], x[0]), products(w[1], x[1])));
  }
  // Of weights of 4 bits, which are small enough for it wherever they stand.
  static Ints add_nibbles(Ints sums, Group x0, Group x1, const Group* weights) {
    return add_widened(sums, add_products(products(x0, weights[0]), products(x1, weights[1])));
  }
};
#endif

}  // namespace
}  // namespace latformer::kernels
