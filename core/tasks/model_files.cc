#include "core/tasks/model_files.h"

#include <string>

#include "core/format/json.h"
#include "core/models/bert/architectures.h"

namespace latformer {
namespace {

Result<Tokenizer> parse_tokenizer(const ModelFiles& files, size_t vocab_size) {
  LATFORMER_ASSIGN(const JsonDocument config, JsonDocument::parse("config.json", files.config_json));
  LATFORMER_ASSIGN(const std::string_view model_type, config.root()["model_type"].string_or(""));
  const BertArchitecture* architecture = find_bert_architecture(model_type);
  LATFORMER_ASSIGN(const std::string_view tokenizer_class,
                   config.root()["tokenizer_class"].string_or(architecture == nullptr ? "" : architecture->tokenizer));
  return Tokenizer::create({.tokenizer_json = files.tokenizer_json,
                            .tokenizer_config_json = files.tokenizer_config_json,
                            .vocab_txt = files.vocab_txt,
                            .vocab_json = files.vocab_json,
                            .merges_txt = files.merges_txt,
                            .special_tokens_map_json = files.special_tokens_map_json,
                            .added_tokens_json = files.added_tokens_json,
                            .tokenizer_class = tokenizer_class,
                            .vocab_size = vocab_size});
}

}  // namespace

std::string_view* ModelFiles::find(std::string_view name) {
  for (const ModelFile& file : kModelFiles) {
    if (file.name == name) return &(this->*file.text);
  }
  return nullptr;
}

Result<Tokenizer> open_tokenizer(const ModelFiles& files, size_t vocab_size) {
  LATFORMER_ASSIGN(Tokenizer tokenizer, parse_tokenizer(files, vocab_size));
  if (tokenizer.vocabulary_size() > vocab_size) {
    return bad_model("config.json: vocab_size is " + std::to_string(vocab_size) + ", but the tokenizer has " +
                     std::to_string(tokenizer.vocabulary_size()) + " tokens");
  }
  return tokenizer;
}

Result<Tokenizer> open_tokenizer_alone(const ModelFiles& files) {
  ModelFiles complete = files;
  if (complete.config_json.empty()) complete.config_json = "{}";
  return parse_tokenizer(complete, SIZE_MAX);
}

}  // namespace latformer
