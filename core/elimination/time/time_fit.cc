#include "core/elimination/time/time_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace latformer {
namespace {

using Part = Workload::Part;

constexpr double kQuantile = 0.97;  // of measurements that TimeModel::spread is to cover
constexpr double kBend = 0.003;     // how much a bent curve weighs a row, against a relative error of 1,
constexpr double kThick = 64;       // up to this many rows: thicker matrices cost the same a row
constexpr double kSquare = 0.05;    // the same for squares of the longest text
constexpr double kSlow = 0.05;      // a relative error upwards from which on a measurement counts as disturbed
constexpr int kReweightings = 10;
constexpr int kMostSweeps = 400;  // between two of them

using Row = std::vector<double>;

// x >= 0 that minimises |rows x - values|^2: one coordinate after the other is set to its best value. x is where to
// begin and becomes the solution.
void solve_nonnegative(const std::vector<Row>& rows, const std::vector<double>& values, std::vector<double>& x) {
  std::vector<double> rest = values;  // values - rows x
  std::vector<double> norm(x.size(), 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < x.size(); ++j) {
      rest[i] -= rows[i][j] * x[j];
      norm[j] += rows[i][j] * rows[i][j];
    }
  }
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double moved = 0;
    for (size_t j = 0; j < x.size(); ++j) {
      if (norm[j] <= 0) continue;
      double slope = 0;
      for (size_t i = 0; i < rows.size(); ++i) slope += rows[i][j] * rest[i];
      const double step = std::max(slope / norm[j], -x[j]);
      x[j] += step;
      for (size_t i = 0; i < rows.size(); ++i) rest[i] -= rows[i][j] * step;
      moved = std::max(moved, std::abs(step) * std::sqrt(norm[j]));
    }
    if (moved < 1e-7) break;
  }
}

double product(const Row& row, const std::vector<double>& x) {
  double sum = 0;
  for (size_t j = 0; j < x.size(); ++j) sum += row[j] * x[j];
  return sum;
}

// The same where values above what is predicted count the less the further they lie above: a disturbance only ever
// makes a measurement slower. The first `measured` rows are such values, all of them 1.
std::vector<double> solve_undisturbed(const std::vector<Row>& rows, size_t measured) {
  std::vector<double> x(rows.front().size(), 0);
  std::vector<double> weights(rows.size(), 1);
  for (int round = 0; round <= kReweightings; ++round) {
    std::vector<Row> weighted = rows;
    std::vector<double> values(rows.size(), 0);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (double& coefficient : weighted[i]) coefficient *= weights[i];
      if (i < measured) values[i] = weights[i];
    }
    solve_nonnegative(weighted, values, x);
    for (size_t i = 0; i < measured; ++i) {
      const double slower = std::max(0.0, 1 - product(rows[i], x)) / kSlow;
      weights[i] = 1 / (1 + slower * slower);
    }
  }
  return x;
}

// Distinct counts in ascending order, as knots of a curve.
template <class Count>
std::vector<uint32_t> knots_of(std::span<const Timing> timings, const Count& count) {
  std::vector<uint32_t> knots;
  for (const Timing& timing : timings) knots.push_back(count(timing.work));
  std::sort(knots.begin(), knots.end());
  knots.erase(std::unique(knots.begin(), knots.end()), knots.end());
  return knots;
}

size_t slopes_of(const Curve& curve) { return curve.knots.empty() ? 0 : curve.knots.size() - 1; }

// For each slope of a curve: how many rows of `n` lie under it.
void append_rows_under(const Curve& curve, uint32_t n, Row& row) {
  const size_t slopes = slopes_of(curve);
  for (size_t i = 0; i < slopes; ++i) {
    const double end = i + 1 < slopes ? std::min(n, curve.knots[i + 1]) : n;
    row.push_back(std::max(0.0, end - curve.knots[i]));
  }
}

struct Fit {
  TimeModel::Layer layer;
  double attention = 0;
  double dropping = 0;
};

// The unknowns stand in this order: fixed, attention, dropping, slopes of in, slopes of out.
Fit fit(std::span<const Timing> timings, bool is_inner) {
  Fit result;
  if (timings.empty()) return result;
  Curve& in = result.layer.in;
  Curve& out = result.layer.out;
  in.knots = knots_of(timings, [](const Workload& work) { return work.in; });
  if (is_inner) out.knots = knots_of(timings, [](const Workload& work) { return work.out; });

  std::vector<Row> rows;
  for (const auto& [work, milliseconds, samples] : timings) {
    const double n = work.in;
    Row row{1, is_inner ? n * n + n * work.out : 0, is_inner && work.out < work.in ? n * n : 0};
    append_rows_under(in, work.in, row);
    append_rows_under(out, work.out, row);
    for (double& coefficient : row) coefficient /= milliseconds;
    rows.push_back(std::move(row));
  }
  const size_t unknowns = rows.front().size();

  size_t column = 3;
  for (const Curve* curve : {&in, &out}) {
    for (size_t i = 0; i + 1 < slopes_of(*curve); ++i) {
      const uint32_t knot = curve->knots[i + 1];
      double milliseconds = 0;  // of what was measured around there
      for (const Timing& timing : timings) {
        if (std::max(timing.work.in, timing.work.out) <= knot)
          milliseconds = std::max(milliseconds, timing.milliseconds);
      }
      if (milliseconds <= 0) continue;
      Row row(unknowns, 0);
      row[column + i] = kBend * std::min<double>(knot, kThick) * knot / milliseconds;
      row[column + i + 1] = -row[column + i];
      rows.push_back(std::move(row));
    }
    column += slopes_of(*curve);
  }

  if (is_inner) {  // and where they leave it open, half of a square is the cost of dropping
    const auto longest = std::max_element(timings.begin(), timings.end(),
                                          [](const Timing& a, const Timing& b) { return a.work.in < b.work.in; });
    Row row(unknowns, 0);
    row[1] = kSquare * longest->work.in * longest->work.in / longest->milliseconds;
    row[2] = -row[1];
    rows.push_back(std::move(row));
  }

  const std::vector<double> x = solve_undisturbed(rows, timings.size());
  result.layer.fixed = x[0];
  result.attention = x[1];
  result.dropping = x[2];
  auto next = x.begin() + 3;
  for (Curve* curve : {&in, &out}) {
    const auto end = next + static_cast<ptrdiff_t>(slopes_of(*curve));
    curve->slopes.assign(next, end);
    next = end;
  }
  return result;
}

double spread_of(const TimeModel& model, std::span<const Timing> timings) {
  std::vector<double> ratios{1};
  for (const Timing& timing : timings) {
    if (timing.work.part != Part::layer && timing.work.part != Part::last_layer) continue;
    const double predicted = model.milliseconds(timing.work);
    for (size_t i = 1; i < timing.samples.size(); ++i) ratios.push_back(timing.samples[i] / predicted);
  }
  std::sort(ratios.begin(), ratios.end());
  const auto rank = static_cast<size_t>(std::ceil(kQuantile * static_cast<double>(ratios.size())));
  return ratios[rank - 1];
}

}  // namespace

Result<TimeModel> fit_time_model(std::span<const Timing> timings) {
  TimeModel model;
  std::vector<Timing> layers;
  std::vector<Timing> last_layers;
  for (const Timing& timing : timings) {
    if (!(timing.milliseconds > 0 && std::isfinite(timing.milliseconds))) continue;
    switch (timing.work.part) {
      case Part::words:
      case Part::embedding:
        model.token += timing.milliseconds / timing.work.in;
        break;
      case Part::head:
        model.call += timing.milliseconds;
        break;
      case Part::layer:
        layers.push_back(timing);
        break;
      case Part::last_layer:
        last_layers.push_back(timing);
        break;
    }
  }
  const auto timed = [&](Part part) {
    return std::ranges::any_of(timings, [&](const Timing& timing) { return timing.work.part == part; });
  };
  const bool is_whole = timed(Part::layer) == !layers.empty() && timed(Part::last_layer) == !last_layers.empty() &&
                        layers.size() + last_layers.size() > 0;
  if (!is_whole) return invalid_argument("the clock gave no usable time of a layer");
  const Fit inner = fit(layers, /*is_inner=*/true);
  model.layer = inner.layer;
  model.attention = inner.attention;
  model.dropping = inner.dropping;
  if (!last_layers.empty()) model.last = fit(last_layers, /*is_inner=*/false).layer;
  model.spread = std::max(1.0, spread_of(model, timings));
  if (!(model.milliseconds(1, {1}) > 0)) return invalid_argument("the clock gave no usable time of a layer");
  return model;
}

}  // namespace latformer
