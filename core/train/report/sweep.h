// latformer-train sweep: what each speedup costs and gives, as a table, CSV and a chart of several models.
//
// Unpadded (the convention that we stand by) everything is measured with the Classifier that runs it, one text at a
// time, text after text through all speedups in a changing order, so that a busy machine disturbs all speedups alike.
//
// Padded to P tokens, as papers count, padding is work that can be saved: speedup 1 costs the MACs of P tokens,
// whatever a text has, and truncation is at P tokens. There are two ways to count, and both are told:
//   fixed       as if every text had P tokens: of one of n < P tokens min(n, n_l of P tokens at this speedup) rows
//   leave
//               layer l. What a method with one schedule for all inputs does; short texts are dropped along a long
//               one's schedule.
//   by length   the same mean work or less, dealt out by real lengths: all texts at the one speedup by their own length
//               (1 at least) whose MACs are in the mean those of P tokens divided by this speedup. What methods do
//               whose counts follow the input.
// No time is measured, for nothing runs so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/examples.h"
#include "core/train/report/metrics.h"

namespace latformer::train {

inline constexpr std::array kUsualSpeedups = {1.0, 1.5, 2.0, 3.0, 4.0, 4.8, 6.0, 8.0};

struct SweepOptions {
  std::vector<std::filesystem::path> models;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  std::vector<double> speedups;  // none: of kUsualSpeedups those up to each model's max_speedup
  size_t limit = 0;              // texts drawn by chance; 0: all
  uint64_t seed = 1;
  size_t threads = 1;
  std::optional<size_t> padded;
};

struct SweepRow {
  double speedup = 1;
  double metric = 0;
  double interval = 0;                 // 95 of 100 samples of texts like these give a metric within +- this
  std::optional<Agreement> agreement;  // of single_label
  double macs = 0;                     // mean of a text
  double macs_ratio = 1;               // speedup 1 to this, of the sums
  double confidence_error = 0;         // expected confidence error  (confidence.h); 0 for regression
  std::optional<double> milliseconds;  // mean of a text
};

struct Sweep {
  std::string model;  // its folder's name
  std::string metric;
  std::string counting;  // "unpadded", "padded to P (fixed)", "padded to P (by length)"
  size_t texts = 0;
  std::vector<SweepRow> rows;
};

// Errors: invalid_argument (data, a speedup beyond what a model was made for), bad_model, unsupported_model.
Result<std::vector<Sweep>> sweep(const SweepOptions& options);

std::string to_table(const std::vector<Sweep>& sweeps);
std::string to_csv(const std::vector<Sweep>& sweeps);
// A chart of the metric (in percent) against the speedup.
std::string to_svg(const std::vector<Sweep>& sweeps);

}  // namespace latformer::train
