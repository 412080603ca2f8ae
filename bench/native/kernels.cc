// How fast the linear layers of a BERT run, by number of rows, and the functions between them, ours beside XNNPACK's,
// and beside what the processor can do at most (peak.h).
//
//   bench_kernels [THREADS [HIDDEN INNER [COPIES]]]     HIDDEN INNER: 768 3072 for BERT-base, which is the default
//
// So many COPIES of each layer take turns, 1 by default: with some tens of them weights come from memory each time, as
// they do in a model of few rows. XNNPACK's stand beside ours for one thread, on x86-64 and WebAssembly; its int8 rows
// are int8 already, ours are rounded within the time.
//
// Prints lines of kind,library,name,in,out,rows,value: GOP/s of linear layers (kind linear), 10^9 values/s of functions
// (function), GB/s of the layers' bytes read and nothing else (read), GOP/s of the peak (peak), each the best of
// several timings. bench/encoders/roofline.mjs makes tables of them.
#include <pthreadpool.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench/native/functions.h"
#include "bench/native/peak.h"
#include "bench/native/xnnpack.h"
#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/kernels/micro/table.h"

namespace latformer {
namespace {

constexpr size_t kRows[] = {1, 2, 4, 8, 12, 16, 27, 32, 64, 128, 256, 512};
constexpr size_t kMostRows = 512;
constexpr double kTrialSeconds = 0.004;
constexpr double kMomentSeconds = 0.0002;
constexpr int kTrials = 10;

constexpr const char* kLibraries[] = {"latformer", "XNNPACK"};

const char* name_of(Precision precision) { return precision == Precision::int8 ? "int8" : "f32"; }

// GOP/s of `work`, which runs once and gives its operations: the best of many moments, each short enough that the
// machine often has nothing else to do in it.
template <class Work>
Result<double> speed_of(const Work& work) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  double best = 0;
  const auto begin = Clock::now();
  for (auto from = begin; Seconds(from - begin).count() < kTrialSeconds;) {
    double operations = 0;
    Seconds time{};
    while (time.count() < kMomentSeconds) {
      LATFORMER_ASSIGN(const double more, work());
      operations += more;
      time = Clock::now() - from;
    }
    best = std::max(best, operations / time.count());
    from = Clock::now();
  }
  return 1e-9 * best;
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
    const bool compares = kHasXnnpack && thread_count_ == 1;
    LATFORMER_ASSIGN(const Buffer<float> x, random_values(kMostRows * in));
    LATFORMER_ASSIGN(Buffer<float> y, Buffer<float>::allocate(kMostRows * out));

    std::vector<kernels::Linear> ours(copies_);
    std::vector<XnnpackF32> theirs(compares ? copies_ : 0);
    for (kernels::Linear& copy : ours) {
      LATFORMER_ASSIGN(copy, kernels::Linear::create(in, out, weight.span(), bias.span()));
    }
    for (XnnpackF32& copy : theirs) {
      LATFORMER_ASSIGN(copy, XnnpackF32::create(in, out, weight.span(), bias.span()));
    }
    LATFORMER_TRY(measure(Precision::f32, in, out, ours, x, y,
                          [&](size_t turn, size_t rows) { theirs[turn].run(rows, x.data(), y.data()); }));
    ours = std::vector<kernels::Linear>(copies_);
    theirs.clear();

    LATFORMER_ASSIGN(Buffer<int8_t> values, Buffer<int8_t>::allocate(in * out));
    std::transform(weight.data(), weight.data() + in * out, values.data(),
                   [](float value) { return static_cast<int8_t>(127 * std::clamp(value, -1.0F, 1.0F)); });
    LATFORMER_ASSIGN(Buffer<int8_t> rounded, Buffer<int8_t>::allocate(kMostRows * in));
    std::transform(x.data(), x.data() + x.size(), rounded.data(),
                   [](float value) { return static_cast<int8_t>(127 * std::clamp(value, -1.0F, 1.0F)); });
    std::vector<XnnpackInt8> theirs_int8(compares ? copies_ : 0);
    for (kernels::Linear& copy : ours) {
      LATFORMER_ASSIGN(copy, kernels::Linear::create(in, out, values.span(), bias.span(), bias.span()));
    }
    for (XnnpackInt8& copy : theirs_int8) {
      LATFORMER_ASSIGN(copy, XnnpackInt8::create(in, out, values.span(), bias.span(), bias.span()));
    }
    LATFORMER_TRY(measure(Precision::int8, in, out, ours, x, y, [&](size_t turn, size_t rows) {
      theirs_int8[turn].run(rows, rounded.data(), 1.0F / 127, 0, y.data());
    }));
    return measure_read(in * out * copies_);
  }

  // Softmax of rows of attention, and what stands between the halves of a feed-forward layer.
  Status measure_functions() {
    const kernels::MicroKernels& micro = kernels::micro_kernels();
    LATFORMER_ASSIGN(const Buffer<float> x, random_values(kMostRows));
    LATFORMER_ASSIGN(Buffer<float> y, Buffer<float>::allocate(kMostRows));
    const auto softmax = [&](const auto& function) {
      return [&, function](size_t n) {
        std::copy_n(x.data(), n, y.data());
        function(n, y.data());
      };
    };
    for (const size_t n : {32, 64, 128, 256, 512}) {
      LATFORMER_TRY(measure_function("softmax", n, softmax(our_softmax_row), softmax(micro.softmax_row)));
    }
    if constexpr (kHasXnnpack) {
      LATFORMER_TRY(measure_function(
          "gelu", kMostRows, [&](size_t n) { micro.gelu(n, x.data(), y.data()); },
          [&](size_t n) { xnnpack_gelu(n, x.data(), y.data()); }));
    }
    const auto tanh = [&](size_t n) { micro.tanh(n, x.data(), y.data()); };
    const auto scalar = [&](size_t n) { kernels::kScalarKernels.tanh(n, x.data(), y.data()); };
    return measure_function("tanh", kMostRows, scalar, tanh);
  }

  void print_peaks() const {
    for (const Precision precision : {Precision::f32, Precision::int8}) {
      std::printf("peak,,%s,0,0,0,%.2f\n", name_of(precision), peaks_[precision == Precision::int8]);
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

  // `theirs` runs one copy with so many rows; called for one thread alone.
  template <class Theirs>
  Status measure(Precision precision, size_t in, size_t out, const std::vector<kernels::Linear>& ours,
                 const Buffer<float>& x, Buffer<float>& y, const Theirs& theirs) {
    size_t turn = 0;
    for (const size_t rows : kRows) {
      const double operations = 2.0 * static_cast<double>(rows * in * out);
      double best[2] = {0, 0};
      for (int trial = 0; trial < kTrials; ++trial) {
        LATFORMER_ASSIGN(const double speed, speed_of([&]() -> Result<double> {
                           LATFORMER_TRY(ours[turn++ % copies_].run(threads_, rows, x.data(), y.data(), workspace_));
                           return operations;
                         }));
        best[0] = std::max(best[0], speed);
        if (kHasXnnpack && thread_count_ == 1) {
          LATFORMER_ASSIGN(const double their_speed, speed_of([&]() -> Result<double> {
                             theirs(turn++ % copies_, rows);
                             return operations;
                           }));
          best[1] = std::max(best[1], their_speed);
        }
        LATFORMER_TRY(measure_peak(precision));
      }
      for (const int library : {0, 1}) {
        if (best[library] == 0) continue;
        std::printf("linear,%s,%s,%zu,%zu,%zu,%.2f\n", kLibraries[library], name_of(precision), in, out, rows,
                    best[library]);
      }
      std::fflush(stdout);
    }
    return {};
  }

  template <class Ours, class Theirs>
  Status measure_function(const char* name, size_t n, const Ours& ours, const Theirs& theirs) {
    constexpr int kAtATime = 100;  // for a clock to tell
    double best[2] = {0, 0};
    const auto time = [&](double& most, const auto& function) -> Status {
      LATFORMER_ASSIGN(const double speed, speed_of([&]() -> Result<double> {
                         for (int i = 0; i < kAtATime; ++i) function(n);
                         return static_cast<double>(n * kAtATime);
                       }));
      most = std::max(most, speed);
      return {};
    };
    for (int trial = 0; trial < kTrials; ++trial) {
      LATFORMER_TRY(time(best[0], ours));
      LATFORMER_TRY(time(best[1], theirs));
    }
    for (const int library : {0, 1}) {
      std::printf("function,%s,%s,0,0,%zu,%.3f\n", kLibraries[library], name, n, best[library]);
    }
    std::fflush(stdout);
    return {};
  }

  // What a product of one row, which is bound by memory, may be held against.
  Status measure_read(size_t bytes) {
    LATFORMER_ASSIGN(Buffer<float> values, random_values(bytes / sizeof(float)));
    double best = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      LATFORMER_ASSIGN(const double speed, speed_of([&]() -> Result<double> {
                         read_all(values.size(), values.data());
                         return static_cast<double>(bytes);
                       }));
      best = std::max(best, speed);
    }
    std::printf("read,,,0,0,%zu,%.2f\n", bytes, best);
    return {};
  }

  // As often as the layers, in turns with them, so that a slow moment of the machine does not lower the bar alone.
  Status measure_peak(Precision precision) {
    constexpr size_t kRounds = 200;
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
  LATFORMER_TRY(bench.measure_functions());
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
