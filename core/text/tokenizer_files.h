// The files of a model folder that decide what a text becomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latformer {

// Their texts, whole; empty means absent. tokenizer.json counts before vocab.txt, that before vocab.json and
// merges.txt.
struct TokenizerFiles {
  std::string_view tokenizer_json{};
  std::string_view tokenizer_config_json{};
  std::string_view vocab_txt{};
  std::string_view vocab_json{}, merges_txt{};
  // As older versions of transformers have written them.
  std::string_view special_tokens_map_json{}, added_tokens_json{};
  // config.json's tokenizer_class, which counts where tokenizer_config.json names none.
  std::string_view tokenizer_class{};
  // config.json's vocab_size: what files beside tokenizer.json name behind it is no token. Python takes it for one, and
  // fails at a text that has it.
  size_t vocab_size = SIZE_MAX;
};

}  // namespace latformer
