#include "core/elimination/time/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace latformer {
namespace {

using Part = Workload::Part;

constexpr double kShareOfWarmUp = 0.12;     // of the whole plan, and in front of it
constexpr double kShareOfEmbedding = 1e-3;  // of a layer, for a row: about that of d MACs
constexpr double kShareOfHead = 0.1;        // of a layer of one row: about that of d * d MACs
constexpr size_t kWarmUpWorks = 9;          // of the list of workloads
constexpr int kMostRounds = 48;             // of all workloads
constexpr double kLeastSample = 0.02;       // milliseconds that a sample takes at least: one run, if the clock allows,
                                            // for a second one would find the weights in the cache;
constexpr double kTicksPerSample = 20;      // and ticks of the clock;
constexpr double kSamplesPerPlan = 40;      // unless that would be more than this part of the whole plan
constexpr int kMostRuns = 1 << 12;          // in one sample
constexpr int kTicksSeen = 3;
constexpr int kMostReads = 1 << 18;    // until a clock counts as standing still
constexpr double kShareOfFirst = 0.5;  // of the whole plan: first samples. The others make them sure

// The MACs of a workload, to guess its time from another one's. Tokenizing does none and is guessed to be quick.
double work_of(const Cost& cost, const Workload& work) {
  const double layer_of_one = static_cast<double>(cost.last == Last::one_row ? cost.last_layer(1) : cost.layer(1, 1));
  switch (work.part) {
    case Part::words:
    case Part::embedding:
      return kShareOfEmbedding * work.in * layer_of_one;
    case Part::layer:
      return static_cast<double>(cost.layer(work.in, work.out));
    case Part::last_layer:
      return static_cast<double>(cost.last_layer(work.in));
    case Part::head:
      return std::max(kShareOfHead * layer_of_one, static_cast<double>(cost.head));
  }
  return 0;
}

// What to measure, the most telling first, then from little to much work.
std::vector<Timing> timings_of(const CalibrationPlan& plan) {
  const uint32_t most = plan.max_tokens;
  std::vector<Workload> works;
  const auto add = [&](Part part, uint32_t in, uint32_t out) {
    const Workload work{part, std::min(in, most), out};
    if (std::find(works.begin(), works.end(), work) == works.end()) works.push_back(work);
  };
  const auto layer = [&](uint32_t in, uint32_t out) {
    if (plan.cost.inner_layers() == 0) return;
    in = std::clamp(in, 1U, most);
    add(Part::layer, in, std::min(in, std::max(out, plan.n_min)));
  };
  const auto last_layer = [&](uint32_t in) {
    if (plan.cost.last == Last::one_row) add(Part::last_layer, in, 1);
  };
  add(Part::words, 64, 1);
  add(Part::embedding, 64, 1);
  add(Part::head, 1, 1);
  last_layer(1);
  last_layer(46);
  layer(1, 1);
  layer(10, 10);
  layer(46, plan.n_min);
  layer(46, 46);
  layer(most, plan.n_min);  // the square of attention; where that takes too long, as far as may be
  layer(most / 2, plan.n_min);
  layer(most / 4, plan.n_min);
  layer(most / 4, 22);
  const size_t first = works.size();

  layer(2, 2);
  // 1, 4, 10, 22, 46, 94, 190, ..: two rows short of whole tiles of 3, 4, 6 or 8 rows, about as any count is on
  // average.
  uint32_t half = 1;
  uint32_t quarter = 1;
  for (uint32_t n = 1;; n = std::min(2 * n + 2, most)) {
    layer(n, n);
    layer(n, plan.n_min);
    if (n >= 10) layer(n, half);
    if (n >= 22) layer(n, quarter);
    if (n == most) break;
    quarter = half;
    half = n;
  }
  for (uint32_t n = 1; n < most; n = std::min(3 * n + 7, most)) last_layer(n);
  last_layer(most);
  std::stable_sort(works.begin() + static_cast<ptrdiff_t>(first), works.end(),
                   [&](const auto& a, const auto& b) { return work_of(plan.cost, a) < work_of(plan.cost, b); });
  std::vector<Timing> timings;
  timings.reserve(works.size());
  for (const Workload& work : works) timings.push_back({.work = work});
  return timings;
}

// What a sample is that nothing disturbed. The very fastest one would be luck, the more so the more samples there are.
double lower_quartile(std::vector<double> samples) {
  const auto quartile = samples.begin() + static_cast<ptrdiff_t>((samples.size() - 1) / 4);
  std::nth_element(samples.begin(), quartile, samples.end());
  return *quartile;
}

// A step that visits all of `size` places, none close to the one before.
size_t stride_of(size_t size) {
  size_t stride = size * 5 / 13;
  while (std::gcd(stride, size) != 1) ++stride;
  return stride;
}

class Measurement {
 public:
  Measurement(const CalibrationPlan& plan, const RunWorkload& run, const Clock& clock)
      : plan_(plan), run_(run), clock_(clock), timings_(timings_of(plan)) {}

  Result<std::vector<Timing>> measure() {
    const double tick = clock_tick();
    const double longest_sample = plan_.milliseconds / kSamplesPerPlan;
    if (!(tick > 0 && tick <= longest_sample)) {
      return invalid_argument("the clock is too coarse to time the model: it advances by " + std::to_string(tick) +
                              " ms");
    }
    least_ = std::min(std::max(kLeastSample, kTicksPerSample * tick), longest_sample);

    LATFORMER_TRY(warm_up());
    begun_ = clock_();
    for (int round = 0; round < kMostRounds; ++round) {
      bool any = false;
      // After the first round here and there, so that neighbours in the list do not find each other's weights.
      const size_t stride = round == 0 ? 1 : stride_of(timings_.size());
      for (size_t i = 0; i < timings_.size(); ++i) {
        Timing& timing = timings_[i * stride % timings_.size()];
        const bool is_indispensable = round == 0 && timing.work.in == 1;
        if (!is_indispensable && !fits(timing)) continue;
        LATFORMER_TRY(sample(timing));
        any = true;
      }
      if (!any) break;
    }
    return std::move(timings_);
  }

 private:
  double left() const { return plan_.milliseconds - (clock_() - begun_); }

  // WebAssembly engines optimise what is hot while it runs already: what they are not done with would seem slow.
  Status warm_up() const {
    const size_t works = std::min(kWarmUpWorks, timings_.size());
    const double end = clock_() + kShareOfWarmUp * plan_.milliseconds;
    for (size_t i = 0; i < kMostRuns && clock_() < end; ++i) LATFORMER_TRY(run_(timings_[i % works].work));
    return {};
  }

  // How far the clock moves when it moves and nothing comes in between; 0 if it stands still.
  double clock_tick() const {
    double tick = std::numeric_limits<double>::infinity();
    double before = clock_();
    for (int step = 0; step <= kTicksSeen; ++step) {
      double now = before;
      for (int read = 0; read < kMostReads && now == before; ++read) now = clock_();
      if (now == before) return 0;
      if (step > 0) tick = std::min(tick, now - before);  // the first one began somewhere within a tick
      before = now;
    }
    return tick;
  }

  bool fits(const Timing& timing) const {
    if (timing.milliseconds > 0) return std::max(timing.milliseconds, least_) < left();
    double work = 0;  // of the largest piece that was measured
    double rate = 0;  // milliseconds of one unit of it
    for (const Timing& known : timings_) {
      const double its_work = work_of(plan_.cost, known.work);
      if (known.milliseconds <= 0 || its_work <= work) continue;
      work = its_work;
      rate = known.milliseconds / its_work;
    }
    return std::max(rate * work_of(plan_.cost, timing.work), least_) <
           left() - (1 - kShareOfFirst) * plan_.milliseconds;
  }

  Status sample(Timing& timing) const {
    const double begin = clock_();
    double elapsed = 0;
    int runs = 0;
    do {
      LATFORMER_TRY(run_(timing.work));
      ++runs;
      elapsed = clock_() - begin;
    } while (elapsed < least_ && runs < kMostRuns);
    const double milliseconds = elapsed / runs;
    if (!(std::isfinite(milliseconds) && milliseconds > 0)) return {};  // a clock that was set; the next one counts
    timing.samples.push_back(milliseconds);
    timing.milliseconds = lower_quartile(timing.samples);
    return {};
  }

  const CalibrationPlan& plan_;
  const RunWorkload& run_;
  const Clock& clock_;
  std::vector<Timing> timings_;
  double begun_ = 0;
  double least_ = 0;
};

}  // namespace

Result<TimeModel> calibrate(const CalibrationPlan& plan, const RunWorkload& run, const Clock& clock) {
  LATFORMER_ASSIGN(const std::vector<Timing> timings, Measurement(plan, run, clock).measure());
  LATFORMER_ASSIGN(TimeModel model, fit_time_model(timings));
  model.outside = plan.outside;
  return model;
}

}  // namespace latformer
