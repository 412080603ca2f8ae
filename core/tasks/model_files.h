// The small files of a model folder, by name: one list for whoever gathers them. model.safetensors is none of them, for
// it is streamed.
#pragma once

#include <array>
#include <string_view>

#include "core/base/status.h"
#include "core/text/tokenizer.h"

namespace latformer {

// Their texts, whole; empty means absent. config_json and one of tokenizer_json, vocab_txt, or vocab_json with
// merges_txt, are required.
struct ModelFiles {
  std::string_view config_json{};
  std::string_view tokenizer_json{};
  std::string_view tokenizer_config_json{};
  std::string_view vocab_txt{};
  std::string_view vocab_json{};
  std::string_view merges_txt{};
  std::string_view special_tokens_map_json{};
  std::string_view added_tokens_json{};
  std::string_view generation_config_json{};
  std::string_view profile_json{};
  // Of sentence-transformers.
  std::string_view modules_json{};
  std::string_view sentence_bert_config_json{};
  std::string_view config_sentence_transformers_json{};
  std::string_view pooling_json{};
  std::string_view dense_json{};
  std::string_view dense_weights{};

  // The place of the file of this name; null if a model is read from none.
  std::string_view* find(std::string_view name);
};

struct ModelFile {
  std::string_view name;
  std::string_view ModelFiles::* text;
};
inline constexpr std::array<ModelFile, 16> kModelFiles = {{
    {"config.json", &ModelFiles::config_json},
    {"tokenizer.json", &ModelFiles::tokenizer_json},
    {"tokenizer_config.json", &ModelFiles::tokenizer_config_json},
    {"vocab.txt", &ModelFiles::vocab_txt},
    {"vocab.json", &ModelFiles::vocab_json},
    {"merges.txt", &ModelFiles::merges_txt},
    {"special_tokens_map.json", &ModelFiles::special_tokens_map_json},
    {"added_tokens.json", &ModelFiles::added_tokens_json},
    {"generation_config.json", &ModelFiles::generation_config_json},
    {"profile.json", &ModelFiles::profile_json},
    {"modules.json", &ModelFiles::modules_json},
    {"sentence_bert_config.json", &ModelFiles::sentence_bert_config_json},
    {"config_sentence_transformers.json", &ModelFiles::config_sentence_transformers_json},
    {"1_Pooling/config.json", &ModelFiles::pooling_json},
    {"2_Dense/config.json", &ModelFiles::dense_json},
    {"2_Dense/model.safetensors", &ModelFiles::dense_weights},
}};

// The tokenizer of tokenizer.json, or else of vocab.txt, or of vocab.json and merges.txt. Errors: bad_model (none is
// there, or it is damaged; more tokens than vocab_size, which config.json has), unsupported_model.
Result<Tokenizer> open_tokenizer(const ModelFiles& files, size_t vocab_size);
// The same without a model: config.json may be absent, and no number of tokens is too large.
Result<Tokenizer> open_tokenizer_alone(const ModelFiles& files);

}  // namespace latformer
