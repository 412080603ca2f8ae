// How fast the linear layers of a BERT run, by number of rows, beside what the processor can do at most (peak.h).
//
//   bench_kernels [THREADS [HIDDEN INNER [COPIES]]]     HIDDEN INNER: 768 3072 for BERT-base, which is the default
//
// So many COPIES of each layer take turns, 1 by default: with some tens of them weights come from memory each time, as
// they do in a model of few rows.
//
// Prints lines of kind,precision,in,out,rows,GOP/s: the best of several timings, the peak last. bench/roofline.mjs
// makes a table of them.
#include <pthreadpool.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench/peak.h"
#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"

namespace latformer {
namespace {

constexpr size_t kRows[] = {1, 2, 4, 8, 12, 16, 27, 32, 64, 128, 256, 512};
constexpr size_t kMostRows = 512;
constexpr double kTrialSeconds = 0.015;
constexpr int kTrials = 3;

const char* name_of(Precision precision) { return precision == Precision::int8 ? "int8" : "f32"; }

// GOP/s of `work`, which runs once and gives its operations: for a while, over and over.
template <class Work>
Result<double> speed_of(const Work& work) {
  using Clock = std::chrono::steady_clock;
  double operations = 0;
  std::chrono::duration<double> time{};
  for (const auto begin = Clock::now(); time.count() < kTrialSeconds; time = Clock::now() - begin) {
    LATFORMER_ASSIGN(const double more, work());
    operations += more;
  }
  return 1e-9 * operations / time.count();
}

class Bench {
 public:
  static Result<Bench> create(size_t thread_count, size_t copies) {
    Bench bench;
    bench.copies_ = copies;
    LATFORMER_ASSIGN(bench.threads_, Threads::create(thread_count));
    bench.thread_count_ = thread_count;
    return bench;
  }

  Status measure(size_t in, size_t out) {
    LATFORMER_ASSIGN(const Buffer<float> weight, random_values(in * out));
    LATFORMER_ASSIGN(const Buffer<float> bias, random_values(out));
    LATFORMER_TRY(measure([&] { return kernels::Linear::create(in, out, weight.span(), bias.span()); }));

    LATFORMER_ASSIGN(Buffer<int8_t> values, Buffer<int8_t>::allocate(in * out));
    std::transform(weight.data(), weight.data() + in * out, values.data(),
                   [](float value) { return static_cast<int8_t>(127 * std::clamp(value, -1.0F, 1.0F)); });
    return measure([&] { return kernels::Linear::create(in, out, values.span(), bias.span(), bias.span()); });
  }

  void print_peaks() const {
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      std::printf("peak,%s,0,0,0,%.2f\n", name_of(precision), peaks_[precision == Precision::int8]);
    }
  }

 private:
  // As weights are spread, most of them far below the largest.
  static Result<Buffer<float>> random_values(size_t count) {
    LATFORMER_ASSIGN(Buffer<float> values, Buffer<float>::allocate(count));
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0F, 0.25F);
    for (float& value : values.span()) value = normal(random);
    return values;
  }

  template <class Create>
  Status measure(const Create& create) {
    std::vector<kernels::Linear> copies(copies_);
    for (kernels::Linear& copy : copies) {
      LATFORMER_ASSIGN(copy, create());
    }
    const kernels::Linear& linear = copies.front();
    size_t turn = 0;
    LATFORMER_ASSIGN(const Buffer<float> x, random_values(kMostRows * linear.in()));
    LATFORMER_ASSIGN(Buffer<float> y, Buffer<float>::allocate(kMostRows * linear.out()));
    for (const size_t rows : kRows) {
      double best = 0;
      for (int trial = 0; trial < kTrials; ++trial) {
        LATFORMER_ASSIGN(const double speed, speed_of([&]() -> Result<double> {
                           LATFORMER_TRY(copies[turn++ % copies_].run(threads_, rows, x.data(), y.data(), workspace_));
                           return 2.0 * static_cast<double>(rows * linear.in() * linear.out());
                         }));
        best = std::max(best, speed);
        LATFORMER_TRY(measure_peak(linear.precision()));
      }
      std::printf("linear,%s,%zu,%zu,%zu,%.2f\n", name_of(linear.precision()), linear.in(), linear.out(), rows, best);
      std::fflush(stdout);
    }
    return {};
  }

  // As often as the layers, in turns with them, so that a slow moment of the machine does not lower the bar alone.
  Status measure_peak(Precision precision) {
    constexpr size_t kRounds = 1000;
    bool int8 = precision == Precision::int8;
    const auto run = [](void* is_int8, size_t) {
      (*static_cast<const bool*>(is_int8) ? run_int8_peak : run_f32_peak)(kRounds);
    };
    const double operations = (int8 ? run_int8_peak : run_f32_peak)(kRounds) * static_cast<double>(thread_count_);
    LATFORMER_ASSIGN(const double speed, speed_of([&]() -> Result<double> {
                       pthreadpool_parallelize_1d(threads_.pool(), run, &int8, thread_count_, 0);
                       return operations;
                     }));
    peaks_[int8] = std::max(peaks_[int8], speed);
    return {};
  }

  Threads threads_;
  size_t thread_count_ = 1;
  size_t copies_ = 1;
  kernels::LinearWorkspace workspace_;
  double peaks_[2] = {0, 0};  // of f32 and int8
};

Status run(size_t threads, size_t hidden, size_t inner, size_t copies) {
  LATFORMER_ASSIGN(Bench bench, Bench::create(threads, copies));
  std::printf("kernels,%s\n", std::string(kernels::description()).c_str());
  const size_t sizes[][2] = {{hidden, 3 * hidden}, {hidden, hidden}, {hidden, inner}, {inner, hidden}};
  for (const auto& [in, out] : sizes) LATFORMER_TRY(bench.measure(in, out));
  bench.print_peaks();
  return {};
}

}  // namespace
}  // namespace latformer

int main(int argc, char** argv) {
  const auto argument = [&](int index, int otherwise) {
    return static_cast<size_t>(argc > index ? std::max(std::atoi(argv[index]), 1) : otherwise);
  };
  const latformer::Status status = latformer::run(argument(1, 1), argument(2, 768), argument(3, 3072), argument(4, 1));
  if (!status.ok()) std::fprintf(stderr, "bench_kernels: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
