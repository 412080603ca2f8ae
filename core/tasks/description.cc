#include "core/tasks/description.h"

#include "core/format/safetensors.h"
#include "core/format/weights.h"

namespace latformer {

Result<TokenizerDescription> describe_tokenizer(const ModelFiles& files) {
  LATFORMER_ASSIGN(const Tokenizer tokenizer, open_tokenizer(files, SIZE_MAX));
  const std::string_view file = !files.tokenizer_json.empty() ? "tokenizer.json"
                                : !files.vocab_txt.empty()    ? "vocab.txt"
                                                              : "vocab.json";
  return TokenizerDescription{.file = file, .facts = tokenizer.facts(), .tokens = tokenizer.model_tokens()};
}

Result<WeightsDescription> describe_weights(std::span<const std::byte> head) {
  LATFORMER_ASSIGN(const SafetensorsHeader header, parse_safetensors_header(head));
  WeightsDescription description{.tensors = header.tensors.size(), .numbers = 0, .by_type = {}};
  for (const TensorInfo& tensor : header.tensors) {
    const StoredNumbers stored = stored_numbers(tensor);
    description.numbers += stored.count;
    description.by_type[stored.type] += stored.count;
  }
  return description;
}

}  // namespace latformer
