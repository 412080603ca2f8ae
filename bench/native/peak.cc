#include "bench/native/peak.h"

#include "core/kernels/micro/table.h"
#include "core/kernels/micro/vector.h"

namespace latformer {
namespace {

// A tile of sums, kept in registers as a matrix product keeps them, over operands that the innermost cache holds.
constexpr size_t kColumns = 2;
constexpr size_t kSteps = 64;

struct Operands {
  static constexpr size_t kEach = 5;  // vectors of one step
  alignas(64) char bytes[kSteps * kEach * kernels::kVectorBytes];
  const char* at(size_t step, size_t i) const { return bytes + (step * kEach + i) * kernels::kVectorBytes; }
};

Operands operands() {
  const volatile char seed = 0x3F;  // which the compiler cannot know; as floats 0.747
  Operands result;
  for (char& byte : result.bytes) byte = seed;
  return result;
}

// sums(row, column) = add(sums(row, column), weights(column), x(step, row)) for all steps, `rounds` times; gives how
// many operations that was, a multiplication and an addition for each lane.
template <size_t kRows, class Sum, class Factor, class Load, class Add>
double run_tile(size_t rounds, const Factor (&weights)[kColumns], const Load& load, const Add& add) {
  const Operands x = operands();
  Sum sums[kRows][kColumns] = {};
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t step = 0; step < kSteps; ++step) {
      for (size_t row = 0; row < kRows; ++row) {
        const Factor factor = load(x.at(step, row));
        for (size_t column = 0; column < kColumns; ++column) {
          sums[row][column] = add(sums[row][column], weights[column], factor);
        }
      }
    }
  }
  for (const auto& row : sums) {
    for (const Sum& sum : row) {
      [[maybe_unused]] volatile auto sink = sum[0];  // or nothing of this would be computed
    }
  }
  return 2.0 * kSteps * kRows * kColumns * kernels::kWidth * static_cast<double>(rounds);
}

// All weights and all activations differ: of equal ones compilers would multiply some once for several sums.
template <class Dot, size_t kRows>
double run_int8(size_t rounds) {
  constexpr size_t kGroups = Dot::kStep / Dot::kGroup;
  struct Groups {  // of one step
    typename Dot::Group group[kGroups];
  };
  const Operands w = operands();
  Groups weights[kColumns];
  for (size_t column = 0; column < kColumns; ++column) {
    for (size_t g = 0; g < kGroups; ++g) {
      weights[column].group[g] = Dot::weights(reinterpret_cast<const int8_t*>(w.at(column, g)));
    }
  }
  const auto load = [](const char* p) {
    const auto* x = reinterpret_cast<const typename Dot::Activation*>(p);
    Groups groups;
    for (size_t g = 0; g < kGroups; ++g) groups.group[g] = Dot::activations(x + g * Dot::kGroup);
    return groups;
  };
  const auto add = [](kernels::Ints sum, const Groups& each, const Groups& x) {
    return Dot::add(sum, each.group, x.group);
  };
  return run_tile<kRows, kernels::Ints, Groups>(rounds, weights, load, add) * Dot::kStep;
}

}  // namespace

double run_f32_peak(size_t rounds) {
  using kernels::Floats;
  const Operands w = operands();
  const auto load = [](const char* p) { return kernels::load_vector<Floats>(p); };
  const auto add = [](Floats sum, Floats each, Floats x) { return kernels::multiply_add(x, each, sum); };
  return run_tile<5, Floats, Floats>(rounds, {load(w.at(0, 0)), load(w.at(0, 1))}, load, add);
}

double run_int8_peak(size_t rounds) {
#if defined(LATFORMER_INT8_PAIR_DOT)
  if (kernels::micro_kernels().int8_pairs) {
    return run_int8<kernels::Int8PairDot, 4>(rounds);  // two weights and two activations at once take more registers
  }
#endif
  return run_int8<kernels::Int8Dot, 5>(rounds);
}

void read_all(size_t n, const float* x) {
  constexpr size_t kChains = 4;
  kernels::Ints sums[kChains] = {};
  for (size_t i = 0; i + kChains * kernels::kWidth <= n; i += kChains * kernels::kWidth) {
    for (size_t c = 0; c < kChains; ++c) sums[c] ^= kernels::load_vector<kernels::Ints>(x + i + c * kernels::kWidth);
  }
  [[maybe_unused]] volatile auto sink = ((sums[0] ^ sums[1]) ^ (sums[2] ^ sums[3]))[0];
}

}  // namespace latformer
