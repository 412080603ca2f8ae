// latformer-train sweep: what each speedup costs and gives, as a table, CSV, and a picture of several models.
//
// Unpadded (the convention that we stand by) everything is measured with the engine, one text at a time, text after
// text through all speedups in a changing order, so that a busy machine disturbs all speedups alike.
//
// Padded to P tokens, as papers count: of a text of n < P tokens the padding counts as work and as words to drop, so
//   rows that leave layer l = min(n, n_l of P tokens at this speedup),   MACs = those of P tokens
// and its truncation is at P tokens too. No time is measured, for nothing runs so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct SweepOptions {
  std::vector<std::filesystem::path> models;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  std::vector<double> speedups = {1, 1.5, 2, 3, 4, 4.8, 6, 8};  // a model's are those up to its max_speedup
  size_t limit = 0;                                             // texts drawn by chance; 0: all
  uint64_t seed = 1;
  size_t threads = 1;
  std::optional<size_t> padded;
};

struct SweepRow {
  double speedup = 1;
  double metric = 0;
  double macs = 0;                     // mean of a text
  double macs_ratio = 1;               // speedup 1 to this, of the sums
  double confidence_error = 0;         // expected calibration error (confidence.h); 0 for regression
  std::optional<double> milliseconds;  // mean of a text
};

struct Sweep {
  std::string model;  // its folder's name
  std::string metric;
  size_t texts = 0;
  std::vector<SweepRow> rows;
};

Result<std::vector<Sweep>> sweep(const SweepOptions& options);

std::string to_table(const std::vector<Sweep>& sweeps);
std::string to_csv(const std::vector<Sweep>& sweeps);
// A picture of the metric (in percent) against the speedup.
std::string to_svg(const std::vector<Sweep>& sweeps);

}  // namespace latformer::train
