// Small GPT-2s and Llamas of random weights.
#pragma once

#include <cstdint>
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

}  // namespace latformer::testing
