#include "core/tasks/model_files.h"

#include <string>

namespace latformer {
namespace {

Result<Tokenizer> parse_tokenizer(const ModelFiles& files) {
  if (!files.tokenizer_json.empty()) {
    return Tokenizer::from_tokenizer_json(files.tokenizer_json, files.tokenizer_config_json);
  }
  if (!files.vocab_txt.empty()) return Tokenizer::from_vocab(files.vocab_txt, files.tokenizer_config_json);
  if (files.vocab_json.empty() && files.merges_txt.empty()) {
    return bad_model("neither tokenizer.json nor vocab.txt nor vocab.json is there");
  }
  if (files.vocab_json.empty()) return bad_model("merges.txt is there, but vocab.json is missing");
  if (files.merges_txt.empty()) return bad_model("vocab.json is there, but merges.txt is missing");
  return Tokenizer::from_merges(files.vocab_json, files.merges_txt, files.tokenizer_config_json);
}

}  // namespace

std::string_view* ModelFiles::find(std::string_view name) {
  for (const ModelFile& file : kModelFiles) {
    if (file.name == name) return &(this->*file.text);
  }
  return nullptr;
}

Result<Tokenizer> open_tokenizer(const ModelFiles& files, size_t vocab_size) {
  LATFORMER_ASSIGN(Tokenizer tokenizer, parse_tokenizer(files));
  if (tokenizer.vocabulary_size() > vocab_size) {
    return bad_model("config.json: vocab_size is " + std::to_string(vocab_size) + ", but the tokenizer has " +
                     std::to_string(tokenizer.vocabulary_size()) + " tokens");
  }
  return tokenizer;
}

}  // namespace latformer
