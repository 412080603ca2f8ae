// Small GPT-2s and Llamas of random weights.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/models/gpt2/config.h"
#include "core/models/llama/config.h"
#include "tests/unit/support/random_tensors.h"

namespace latformer::testing {

// All tensors of a GPT2LMHeadModel or a LlamaForCausalLM, in the order of the model; `scorers`: also what the layers
// but the last were taught to score by.
std::vector<NamedTensor> random_gpt2(const Gpt2Config& config, uint32_t seed, DType dtype = DType::f32,
                                     bool scorers = false);
std::vector<NamedTensor> random_llama(const LlamaConfig& config, uint32_t seed, DType dtype = DType::f32,
                                      bool scorers = false);

// The same of either, whichever config.json is of.
std::vector<NamedTensor> random_decoder(std::string_view config_json, uint32_t seed, DType dtype = DType::f32,
                                        bool scorers = false);

// A tokenizer.json for them, of six tokens.
inline constexpr std::string_view kByteTokenizer = R"({
  "added_tokens": [{"id": 0, "content": "<end>", "special": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "unk_token": "<end>", "vocab": {"<end>": 0, "a": 1, "b": 2, ".": 3, "\u0120": 4, "ab": 5},
            "merges": ["a b"]}})";

}  // namespace latformer::testing
