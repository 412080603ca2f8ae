// A Hugging Face folder in, a Hugging Face folder out: config.json, tokenizer and weights as the rest of the core reads
// them, and the trained model written so that transformers and Latformer load it.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/format/safetensors.h"
#include "core/models/bert/config.h"
#include "core/tasks/model_files.h"
#include "core/tasks/sentence_folder.h"
#include "core/text/tokenizer.h"

namespace latformer::train {

// The texts that the core opens a model from, of one folder: what is trained and what runs read the same files.
struct FolderTexts {
  std::vector<std::string> texts;
  ModelFiles files;  // in `texts`

  static Result<FolderTexts> read(const std::filesystem::path& folder);
};

struct ModelFolder {
  std::filesystem::path path;
  BertConfig config;
  std::string config_json;
  Tokenizer tokenizer;
  std::optional<Profile> profile;  // of profile.json, if there is one
  bool has_classifier = false;     // an encoder without a head has no labels of its own either

  // Errors: those of reading files and of parsing each.
  static Result<ModelFolder> open(const std::filesystem::path& path);

  // What it says of its embeddings, but for a dense layer behind the pooling, which takes no part in learning, and what
  // follows that. Errors:
  // those of parse_sentence_folder.
  Result<SentenceSettings> sentences() const;

  // The weights, widened to float32. A head that the folder lacks (classifier, pooler), or whose number of labels is
  // another than config.num_labels(), is new: normal with deviation 0.02, by `seed`. Of embeddings there is none but
  // the pooler that is there. With the scorers that it has.
  Result<std::map<std::string, torch::Tensor>> weights(const BertConfig& wanted, uint64_t seed) const;
};

struct ExportOptions {
  DType dtype = DType::f32;  // or f16
  double temperature = 1;    // the classifier is divided by it, so that scores are what they say (confidence.h)
  bool force = false;        // replace the model in a folder that is there already
};

// What export_model would fail of whatever the weights are (a target that is there already, labels of one name): to be
// told before the work that makes them, not after it.
Status can_export(const ModelFolder& source, const BertConfig& config, const std::filesystem::path& target,
                  const ExportOptions& options);

// Writes config.json, model.safetensors, profile.json (where `profile` is given) and the tokenizer's files of `source`;
// of embeddings, those of sentence-transformers too.
// All of it aside first, renamed when it is complete. Errors: invalid_argument (files, labels), bad_model.
Status export_model(const ModelFolder& source, const BertConfig& config,
                    const std::map<std::string, torch::Tensor>& weights, const std::optional<Profile>& profile,
                    const std::filesystem::path& target, const ExportOptions& options);

}  // namespace latformer::train
