// latformer-train profile: what a model's layers contribute, and whether its scores say how often it is right.
//
// Texts are run in full through the model: ACC gives the profile, logits against labels the temperature. The weights
// stay, but for the classifier, which is divided by the temperature. Use texts that the model was not trained on for
// the temperature: on its training texts it is surer than it may be.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/train/data/examples.h"
#include "core/train/modules/model_folder.h"

namespace latformer::train {

struct MakeProfileOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  size_t limit = 2000;    // texts drawn by chance; 0: all
  size_t max_tokens = 0;  // 0: as many as the model has positions
  uint64_t seed = 1;
  std::optional<std::filesystem::path> target;  // the folder to write; without it the result is only told
  ExportOptions exporting;                      // its temperature is the one that is found
  bool keep_profile = false;                    // the model's own, instead of one from ACC
  bool temperature = false;                     // find it
  ProfileShape shape = ProfileShape::running_product;
  double r_min = kDefaultRMin;
  Dropped dropped = Dropped::merge;
  double max_speedup = 1;  // up to which the sweep supports the model
};

struct MadeProfile {
  Profile profile;
  std::vector<double> acc;
  double temperature = 1;
  double error_before = 0, error_after = 0;  // expected errors of the confidence; 0 without temperature
};

// Errors: invalid_argument (data, files, no profile to keep), bad_model, unsupported_model (no classifier).
Result<MadeProfile> make_profile(const MakeProfileOptions& options);

// ACC, and the retention of each shape that can be made of it.
std::string to_text(const MadeProfile& made, double r_min);

}  // namespace latformer::train
