// latformer-train search: a retention profile that is looked for instead of derived from ACC.
//
//   r_l = exp(-(d_1 + ... + d_l)),  d_l >= 0, their sum fixed (c takes up any other)
//   loss(d) = mean over speedups and texts of the distillation loss of the pruned model against the full one
//
// An evolution of one: d is changed by chance, d_l <- d_l exp(sigma N(0, 1)) for every layer that elimination reaches,
// and kept where the loss falls; sigma grows after a gain and shrinks after a failure (the one-fifth rule). It needs
// texts but no labels; they must not be those that the sweep is then run on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/examples.h"
#include "core/train/modules/model_folder.h"

namespace latformer::train {

struct SearchOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  std::vector<double> speedups = {2, 3, 4.8};
  size_t limit = 400;     // texts drawn by chance
  size_t max_tokens = 0;  // 0: as many as the model has positions
  size_t trials = 150;
  uint64_t seed = 1;
  std::filesystem::path target;  // a copy of the model with the profile that was found
  ExportOptions exporting;
};

struct Search {
  double loss_before = 0;  // of the model's own profile
  double loss_after = 0;
  std::vector<double> before, after;  // retention
};

// `tell` hears of each gain, and now and then that there was none. Errors: invalid_argument (data, files), bad_model,
// unsupported_model (no classifier).
Result<Search> search(const SearchOptions& options, const std::function<void(const std::string&)>& tell);

}  // namespace latformer::train
