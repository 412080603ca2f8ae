// A Hugging Face folder of GPT-2 or Llama in, one out. A folder without model.safetensors is a model that is to be
// trained from nothing: config.json and a tokenizer say which.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/format/safetensors.h"
#include "core/text/tokenizer.h"
#include "core/train/modules/decoder_module.h"

namespace latformer::train {

struct DecoderFolder {
  std::filesystem::path path;
  DecoderConfig config;
  Tokenizer tokenizer;
  std::optional<Profile> profile;  // of profile.json, if there is one
  bool has_weights = false;

  // Errors: those of reading files and of parsing each; unsupported_model (its weights are integers).
  static Result<DecoderFolder> open(const std::filesystem::path& path);

  // As DecoderModule has them. Where the folder has none they are new, as GPT-2's authors begin: normal with deviation
  // 0.02, of what is added to the residual 0.02 / sqrt(2 layers), by `seed`. `scorers`: those that it lacks are zero.
  Result<std::map<std::string, torch::Tensor>> weights(uint64_t seed, bool scorers) const;
};

// Writes config.json, model.safetensors, profile.json (where `profile` is given) and the tokenizer's files of `source`,
// all of it aside first. Errors: invalid_argument (files), bad_model (weights that are not finite).
Status export_decoder(const DecoderFolder& source, const std::map<std::string, torch::Tensor>& weights,
                      const std::optional<Profile>& profile, const std::filesystem::path& target, DType dtype,
                      bool force);

}  // namespace latformer::train
