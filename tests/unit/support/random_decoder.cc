#include "tests/unit/support/random_decoder.h"

#include <cmath>
#include <string>
#include <utility>

namespace latformer::testing {
namespace {

void add_scorers(TensorMaker& maker, const std::string& name, uint64_t layers, uint64_t d) {
  for (uint64_t i = 0; i + 1 < layers; ++i) {
    const std::string of_layer = std::to_string(i) + "." + name;
    maker.vector((name == "attn.scorer.weight" ? "transformer.h." : "model.layers.") + of_layer, d, 0, 0.5);
  }
}

}  // namespace

std::vector<NamedTensor> random_gpt2(const Gpt2Config& config, uint32_t seed, DType dtype, bool scorers) {
  TensorMaker maker(seed, dtype);
  const uint64_t d = config.n_embd;
  // What GPT-2 calls Conv1D: (in, out), unless its weights are integers.
  const auto conv = [&](const std::string& name, uint64_t out, uint64_t in) {
    const double deviation = 1 / std::sqrt(static_cast<double>(in));
    if (dtype == DType::i8) maker.matrix(name + ".weight", out, in, deviation);
    if (dtype != DType::i8) maker.matrix(name + ".weight", in, out, deviation);
    maker.vector(name + ".bias", out, 0, 0.1);
  };
  maker.matrix("transformer.wte.weight", config.vocab_size, d, 1);
  maker.matrix("transformer.wpe.weight", config.n_positions, d, 0.5);
  for (uint32_t i = 0; i < config.n_layer; ++i) {
    const std::string layer = "transformer.h." + std::to_string(i) + ".";
    maker.norm(layer + "ln_1", d);
    conv(layer + "attn.c_attn", 3 * d, d);
    conv(layer + "attn.c_proj", d, d);
    maker.norm(layer + "ln_2", d);
    conv(layer + "mlp.c_fc", config.n_inner, d);
    conv(layer + "mlp.c_proj", d, config.n_inner);
  }
  maker.norm("transformer.ln_f", d);
  if (!config.tie_word_embeddings) maker.matrix("lm_head.weight", config.vocab_size, d, 1);
  if (scorers) add_scorers(maker, "attn.scorer.weight", config.n_layer, d);
  return maker.take();
}

std::vector<NamedTensor> random_llama(const LlamaConfig& config, uint32_t seed, DType dtype, bool scorers) {
  TensorMaker maker(seed, dtype);
  const DecoderFacts facts = config.facts();
  const uint64_t d = config.hidden_size;
  const auto product = [&](const std::string& name, uint64_t out, uint64_t in, bool has_bias) {
    maker.matrix(name + ".weight", out, in, 1 / std::sqrt(static_cast<double>(in)));
    if (has_bias) maker.vector(name + ".bias", out, 0, 0.1);
  };
  maker.matrix("model.embed_tokens.weight", config.vocab_size, d, 1);
  for (uint32_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    maker.vector(layer + "input_layernorm.weight", d, 1, 0.2);
    product(layer + "self_attn.q_proj", facts.query_size(), d, config.attention_bias);
    product(layer + "self_attn.k_proj", facts.kv_size(), d, config.attention_bias);
    product(layer + "self_attn.v_proj", facts.kv_size(), d, config.attention_bias);
    product(layer + "self_attn.o_proj", d, facts.query_size(), config.attention_bias);
    maker.vector(layer + "post_attention_layernorm.weight", d, 1, 0.2);
    product(layer + "mlp.gate_proj", config.intermediate_size, d, config.mlp_bias);
    product(layer + "mlp.up_proj", config.intermediate_size, d, config.mlp_bias);
    product(layer + "mlp.down_proj", d, config.intermediate_size, config.mlp_bias);
  }
  maker.vector("model.norm.weight", d, 1, 0.2);
  if (!config.tie_word_embeddings) maker.matrix("lm_head.weight", config.vocab_size, d, 1);
  if (scorers) add_scorers(maker, "self_attn.scorer.weight", config.num_hidden_layers, d);
  return maker.take();
}

std::vector<NamedTensor> random_decoder(std::string_view config_json, uint32_t seed, DType dtype, bool scorers) {
  const Result<Gpt2Config> gpt2 = parse_gpt2_config(config_json);
  return gpt2.ok() ? random_gpt2(*gpt2, seed, dtype, scorers)
                   : random_llama(parse_llama_config(config_json).value(), seed, dtype, scorers);
}

}  // namespace latformer::testing
