// How fast the linear layers of BERT run, in GFLOP/s, by number of rows.
//
//   cmake --build --preset release --target bench_kernels && build/release/bench/bench_kernels [THREADS]
//   cmake --build --preset wasm --target bench_kernels && node build/wasm/bench/bench_kernels.cjs
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"

namespace latformer {
namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Result<Buffer<float>> random_values(size_t count) {
  LATFORMER_ASSIGN(Buffer<float> values, Buffer<float>::allocate(count));
  for (float& value : values.span()) value = static_cast<float>(std::rand()) / static_cast<float>(RAND_MAX) - 0.5F;
  return values;
}

// The best of several timings of `rows` rows, each of at least 20 ms.
Result<double> gflops(const Threads& threads, kernels::Linear& linear, size_t rows, const float* x, float* y) {
  kernels::LinearWorkspace workspace;
  const double work = 2e-9 * static_cast<double>(rows * linear.in() * linear.out());
  LATFORMER_TRY(linear.run(threads, rows, x, y, workspace));
  double best = 0;
  for (int trial = 0; trial < 5; ++trial) {
    int runs = 0;
    const double begin = seconds();
    double end = begin;
    for (; end - begin < 0.02; end = seconds(), ++runs) LATFORMER_TRY(linear.run(threads, rows, x, y, workspace));
    best = std::max(best, runs * work / (end - begin));
  }
  return best;
}

Status measure(size_t thread_count) {
  constexpr size_t kRows[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  constexpr size_t kSizes[][2] = {{384, 384}, {384, 1536}, {1536, 384}, {768, 768}, {768, 3072}, {3072, 768}};
  LATFORMER_ASSIGN(const Threads threads, Threads::create(thread_count));
  std::printf("GFLOP/s, %zu thread(s)\n%14s", thread_count, "rows");
  for (const size_t rows : kRows) std::printf("%7zu", rows);
  std::printf("\n");
  for (const auto& [in, out] : kSizes) {
    LATFORMER_ASSIGN(const Buffer<float> weight, random_values(in * out));
    LATFORMER_ASSIGN(const Buffer<float> bias, random_values(out));
    LATFORMER_ASSIGN(const Buffer<float> x, random_values(512 * in));
    LATFORMER_ASSIGN(Buffer<float> y, Buffer<float>::allocate(512 * out));
    LATFORMER_ASSIGN(kernels::Linear linear, kernels::Linear::create(in, out, weight.span(), bias.span()));
    std::printf("%5zu -> %5zu", in, out);
    for (const size_t rows : kRows) {
      LATFORMER_ASSIGN(const double speed, gflops(threads, linear, rows, x.data(), y.data()));
      std::printf("%7.1f", speed);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  return {};
}

}  // namespace
}  // namespace latformer

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const latformer::Status status = latformer::measure(static_cast<size_t>(std::max(threads, 1)));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
