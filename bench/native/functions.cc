#include "bench/native/functions.h"

#include "core/kernels/micro/rows.h"

namespace latformer {
namespace {

using namespace kernels;

void softmax_row(size_t n, float* x) {
  Floats most = load_vector<Floats>(x);
  for (size_t j = kWidth; j < n; j += kWidth) {
    const auto v = load_vector<Floats>(x + j);
    most = v > most ? v : most;
  }
  float largest = most[0];
  for (size_t lane = 1; lane < kWidth; ++lane) largest = most[lane] > largest ? most[lane] : largest;
  Floats sums{};
  for (size_t j = 0; j < n; j += kWidth) {
    const Floats power = exp_of_negative(load_vector<Floats>(x + j) - spread(largest));
    store_vector(power, x + j);
    sums += power;
  }
  float sum = 0;
  for (size_t lane = 0; lane < kWidth; ++lane) sum += sums[lane];
  const Floats factor = spread(1.0F / sum);
  for (size_t j = 0; j < n; j += kWidth) store_vector(load_vector<Floats>(x + j) * factor, x + j);
}

}  // namespace

void our_softmax_row(size_t n, float* x) { softmax_row(n, x); }

}  // namespace latformer
