#include "bench/peak.h"

#include "core/kernels/micro.h"
#include "core/kernels/vector.h"

namespace latformer {
namespace {

// A tile of sums, kept in registers as a matrix product keeps them, over operands that the innermost cache holds.
constexpr size_t kRows = 5;
constexpr size_t kColumns = 2;
constexpr size_t kSteps = 64;

struct Operands {
  alignas(64) char bytes[(kSteps * kRows + 1) * kernels::kVectorBytes];  // one more, for what takes two at a time
  const char* at(size_t step, size_t row) const { return bytes + (step * kRows + row) * kernels::kVectorBytes; }
};

Operands operands() {
  const volatile char seed = 0x3F;  // which the compiler cannot know; as floats 0.747
  Operands result;
  for (char& byte : result.bytes) byte = seed;
  return result;
}

// sums(row, column) = add(sums(row, column), columns(column), x(step, row)) for all steps, `rounds` times.
template <class Sum, class Factor, class Load, class Add>
void run_tile(size_t rounds, const Factor (&columns)[kColumns], const Load& load, const Add& add) {
  const Operands x = operands();
  Sum sums[kRows][kColumns] = {};
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t step = 0; step < kSteps; ++step) {
      for (size_t row = 0; row < kRows; ++row) {
        const Factor factor = load(x.at(step, row));
        for (size_t column = 0; column < kColumns; ++column) {
          sums[row][column] = add(sums[row][column], columns[column], factor);
        }
      }
    }
  }
  for (const auto& row : sums) {
    for (const Sum& sum : row) {
      [[maybe_unused]] volatile auto sink = sum[0];  // or nothing of this would be computed
    }
  }
}

constexpr double kVectorOperations = 2.0 * kSteps * kRows * kColumns * kernels::kWidth;

template <class Dot>
double run_int8_peak_of(size_t rounds) {
  using kernels::Ints;
  struct Groups {  // of one step
    typename Dot::Group group[Dot::kStep / Dot::kGroup];
  };
  const Operands factors = operands();
  const auto load = [](const char* p) {
    Groups groups;
    for (auto& group : groups.group) {
      group = kernels::load_vector<typename Dot::Group>(p);
      p += kernels::kVectorBytes;
    }
    return groups;
  };
  run_tile<Ints, Groups>(rounds, {load(factors.at(0, 0)), load(factors.at(0, 1))}, load,
                         [](Ints sum, const Groups& w, const Groups& x) { return Dot::add(sum, w.group, x.group); });
  return kVectorOperations * Dot::kStep * static_cast<double>(rounds);
}

}  // namespace

double run_f32_peak(size_t rounds) {
  using kernels::Floats;
  const Operands factors = operands();
  const auto load = [](const char* p) { return kernels::load_vector<Floats>(p); };
  run_tile<Floats, Floats>(rounds, {load(factors.at(0, 0)), load(factors.at(0, 1))}, load,
                           [](Floats sum, Floats w, Floats x) { return kernels::multiply_add(w, x, sum); });
  return kVectorOperations * static_cast<double>(rounds);
}

double run_int8_peak(size_t rounds) {
#if defined(LATFORMER_INT8_PAIR_DOT)
  if (kernels::micro_kernels().int8_step == kernels::Int8PairDot::kStep) {
    return run_int8_peak_of<kernels::Int8PairDot>(rounds);
  }
#endif
  return run_int8_peak_of<kernels::Int8Dot>(rounds);
}

}  // namespace latformer
