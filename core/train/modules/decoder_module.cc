#include "core/train/modules/decoder_module.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "core/elimination/prompt.h"
#include "core/elimination/select.h"
#include "core/train/data/random.h"
#include "core/train/modules/dropout.h"
#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

constexpr double kLeastScore = 1e-12;  // whose logarithm can be taken

bool is_gpt2(const DecoderConfig& config) { return std::holds_alternative<Gpt2Config>(config); }

// What logits of attention are multiplied by.
double attention_scale(const DecoderConfig& config, const DecoderFacts& facts, size_t index) {
  const double scale = 1 / std::sqrt(static_cast<double>(facts.head_size));
  const auto* gpt2 = std::get_if<Gpt2Config>(&config);
  if (gpt2 == nullptr) return scale;
  return (gpt2->scale_attn_weights ? scale : 1) /
         (gpt2->scale_attn_by_inverse_layer_idx ? static_cast<double>(index + 1) : 1);
}

// x (B, m, heads * size) -> (B, heads, m, size)
torch::Tensor in_heads(const torch::Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

// k (B, KV, m, size) -> (B, H, m, size): neighbouring query heads share one.
torch::Tensor for_heads(const torch::Tensor& k, int64_t heads) {
  return k.size(1) == heads ? k : k.repeat_interleave(heads / k.size(1), 1);
}

// Rows `at` (B, r) of x (B, m, ...).
torch::Tensor take_rows(const torch::Tensor& x, const torch::Tensor& at) {
  if (x.dim() == 2) return x.gather(1, at);
  return x.gather(1, at.unsqueeze(2).expand({at.size(0), at.size(1), x.size(2)}));
}

}  // namespace

DecoderFacts facts_of(const DecoderConfig& config) {
  return std::visit([](const auto& model) { return model.facts(); }, config);
}

std::vector<DecoderTensor> decoder_tensors(const DecoderConfig& config) {
  const DecoderFacts facts = facts_of(config);
  const uint64_t d = facts.hidden_size, d_ff = facts.intermediate_size, q = facts.query_size(), e = facts.kv_size();
  std::vector<DecoderTensor> tensors;
  const auto add = [&](const std::string& name, std::vector<uint64_t> shape, bool transposed = false) {
    tensors.push_back({.name = name, .shape = std::move(shape), .transposed = transposed});
  };
  const auto linear = [&](const std::string& name, uint64_t out, uint64_t in, bool has_bias, bool transposed) {
    add(name + ".weight", {out, in}, transposed);
    if (has_bias) add(name + ".bias", {out});
  };
  const auto norm = [&](const std::string& name, bool has_bias) {
    add(name + ".weight", {d});
    if (has_bias) add(name + ".bias", {d});
  };
  if (facts.head_apart) add("lm_head.weight", {facts.vocab_size, d});
  if (is_gpt2(config)) {
    add("wte.weight", {facts.vocab_size, d});
    add("wpe.weight", {facts.max_positions, d});
    norm("ln_f", true);
    for (uint32_t i = 0; i < facts.num_layers; ++i) {
      const std::string layer = "h." + std::to_string(i) + ".";
      norm(layer + "ln_1", true);
      norm(layer + "ln_2", true);
      linear(layer + "attn.c_attn", 3 * d, d, true, true);
      linear(layer + "attn.c_proj", d, d, true, true);
      linear(layer + "mlp.c_fc", d_ff, d, true, true);
      linear(layer + "mlp.c_proj", d, d_ff, true, true);
    }
    return tensors;
  }
  const auto& llama = std::get<LlamaConfig>(config);
  add("embed_tokens.weight", {facts.vocab_size, d});
  norm("norm", false);
  for (uint32_t i = 0; i < facts.num_layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    norm(layer + "input_layernorm", false);
    norm(layer + "post_attention_layernorm", false);
    linear(layer + "self_attn.q_proj", q, d, llama.attention_bias, false);
    linear(layer + "self_attn.k_proj", e, d, llama.attention_bias, false);
    linear(layer + "self_attn.v_proj", e, d, llama.attention_bias, false);
    linear(layer + "self_attn.o_proj", d, q, llama.attention_bias, false);
    linear(layer + "mlp.gate_proj", d_ff, d, llama.mlp_bias, false);
    linear(layer + "mlp.up_proj", d_ff, d, llama.mlp_bias, false);
    linear(layer + "mlp.down_proj", d, d_ff, llama.mlp_bias, false);
  }
  return tensors;
}

std::vector<std::string> scorer_names(const DecoderConfig& config) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i + 1 < facts_of(config).num_layers; ++i) {
    names.push_back(is_gpt2(config) ? "h." + std::to_string(i) + ".attn.scorer.weight"
                                    : "layers." + std::to_string(i) + ".self_attn.scorer.weight");
  }
  return names;
}

// B texts, m rows of each that are alive, p of them of the prompt.
struct DecoderModule::State {
  const ForwardOptions& options;
  const std::vector<uint32_t>& counts;
  torch::Tensor ids = {};        // (B, n)
  torch::Tensor hidden = {};     // (B, m, d)
  torch::Tensor positions = {};  // (B, m)
  std::vector<LiveRows> rows = {};
  int64_t prompt = 0;  // p
  ForwardOutput output = {};
  Random dropout_keys = Random(options.dropout_seed, "dropout");

  torch::Tensor dropout(const torch::Tensor& x) {
    return options.dropout > 0 ? train::dropout(x, options.dropout, dropout_keys.next()) : x;
  }
};

DecoderModule::DecoderModule(const DecoderConfig& config, const PromptElimination& how,
                             std::map<std::string, torch::Tensor> weights)
    : Module({.problem_type = ProblemType::single_label, .cost = cost_of(facts_of(config), how)}, std::move(weights)),
      model_(config),
      facts_(facts_of(config)),
      how_(how) {}

Result<std::unique_ptr<DecoderModule>> DecoderModule::create(const DecoderConfig& config, const PromptElimination& how,
                                                             std::map<std::string, torch::Tensor> weights) {
  std::unique_ptr<DecoderModule> module(new DecoderModule(config, how, std::move(weights)));
  const auto* llama = std::get_if<LlamaConfig>(&config);
  if (llama == nullptr) return module;
  LATFORMER_ASSIGN(Rotary rotary, Rotary::create(llama->rotary, llama->head_dim));
  const uint32_t positions = module->facts_.max_positions;
  LATFORMER_TRY(rotary.reserve(positions));
  const std::vector<int64_t> shape = {positions, rotary.half()};
  module->cosines_ = torch::from_blob(const_cast<float*>(rotary.cosines()), shape, torch::kFloat).clone();
  module->sines_ = torch::from_blob(const_cast<float*>(rotary.sines()), shape, torch::kFloat).clone();
  return module;
}

std::string DecoderModule::layer_name(size_t index) const {
  return (is_gpt2(model_) ? "h." : "layers.") + std::to_string(index) + ".";
}

const torch::Tensor* DecoderModule::scorer(size_t index) const {
  const auto found = weights().find(layer_name(index) + (is_gpt2(model_) ? "attn" : "self_attn") + ".scorer.weight");
  return found == weights().end() ? nullptr : &found->second;
}

ForwardOutput DecoderModule::forward(std::span<const TokenText* const> texts,
                                     std::span<const std::vector<uint32_t>> counts,
                                     const ForwardOptions& options) const {
  const auto n = static_cast<int64_t>(texts.front()->ids.size());
  std::vector<int64_t> ids;
  for (size_t t = 0; t < texts.size(); ++t) {
    if (static_cast<int64_t>(texts[t]->ids.size()) != n || counts[t] != counts[0]) {
      throw std::invalid_argument("texts of one pass must be equally long");
    }
    ids.insert(ids.end(), texts[t]->ids.begin(), texts[t]->ids.end());
  }
  State state{.options = options, .counts = counts[0]};
  const auto batch = static_cast<int64_t>(texts.size());
  state.ids = torch::tensor(ids, torch::kLong).view({batch, n}).to(device());
  state.prompt = options.prompt > 0 ? options.prompt : n;
  state.positions = torch::arange(n, torch::kLong).to(device()).expand({batch, n});
  state.rows.assign(texts.size(), LiveRows::all(static_cast<uint32_t>(state.prompt)));
  state.output.kept_positions.resize(texts.size());
  state.hidden = state.dropout(embed(state));
  for (size_t index = 0; index < facts_.num_layers; ++index) layer(index, state);
  const torch::Tensor last = norm(is_gpt2(model_) ? "ln_f" : "norm", state.hidden).view({-1, facts_.hidden_size});
  const char* head = facts_.head_apart ? "lm_head.weight" : is_gpt2(model_) ? "wte.weight" : "embed_tokens.weight";
  state.output.logits = torch::mm(last.to(compute_type()), weight(head).to(compute_type()).t()).to(torch::kFloat);
  return std::move(state.output);
}

torch::Tensor DecoderModule::embed(const State& state) const {
  if (!is_gpt2(model_)) return torch::embedding(weight("embed_tokens.weight"), state.ids);
  return torch::embedding(weight("wte.weight"), state.ids) + torch::embedding(weight("wpe.weight"), state.positions);
}

torch::Tensor DecoderModule::norm(const std::string& name, const torch::Tensor& x) const {
  if (const auto* gpt2 = std::get_if<Gpt2Config>(&model_)) {
    return torch::layer_norm(x, {x.size(-1)}, weight(name + ".weight"), weight(name + ".bias"),
                             gpt2->layer_norm_epsilon);
  }
  const double epsilon = std::get<LlamaConfig>(model_).rms_norm_eps;
  return x * torch::rsqrt(x.square().mean({-1}, /*keepdim=*/true) + epsilon) * weight(name + ".weight");
}

// Halves of x (B, heads, m, size) as pairs, turned by the angle of each position (B, m).
torch::Tensor DecoderModule::rotate(const torch::Tensor& x, const torch::Tensor& positions) const {
  const torch::Tensor cosine =
      torch::embedding(cosines_.to(x.device()), positions).unsqueeze(1);  // (B, 1, m, size / 2)
  const torch::Tensor sine = torch::embedding(sines_.to(x.device()), positions).unsqueeze(1);
  const std::vector<torch::Tensor> halves = x.chunk(2, -1);
  return torch::cat({halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine}, -1);
}

torch::Tensor DecoderModule::queries(const std::string& name, size_t index, const torch::Tensor& h,
                                     const torch::Tensor& positions) const {
  const double scale = attention_scale(model_, facts_, index);
  if (!is_gpt2(model_)) {
    const torch::Tensor q = linear(name, {"self_attn.q_proj"}, h).to(torch::kFloat);
    return rotate(in_heads(q, facts_.heads), positions) * scale;
  }
  const int64_t d = facts_.hidden_size;
  const torch::Tensor all = weight(name + "attn.c_attn.weight"), bias = weight(name + "attn.c_attn.bias");
  const torch::Tensor q = torch::linear(h.to(compute_type()), all.narrow(0, 0, d).to(compute_type()),
                                        bias.narrow(0, 0, d).to(compute_type()));
  return in_heads(q.to(torch::kFloat), facts_.heads) * scale;
}

std::pair<torch::Tensor, torch::Tensor> DecoderModule::keys_values(const std::string& name, const torch::Tensor& h,
                                                                   const torch::Tensor& positions) const {
  if (!is_gpt2(model_)) {
    const torch::Tensor k = linear(name, {"self_attn.k_proj"}, h).to(torch::kFloat);
    const torch::Tensor v = linear(name, {"self_attn.v_proj"}, h).to(torch::kFloat);
    return {rotate(in_heads(k, facts_.kv_heads), positions), in_heads(v, facts_.kv_heads)};
  }
  const int64_t d = facts_.hidden_size;
  const torch::Tensor all = weight(name + "attn.c_attn.weight"), bias = weight(name + "attn.c_attn.bias");
  const torch::Tensor both = torch::linear(h.to(compute_type()), all.narrow(0, d, 2 * d).to(compute_type()),
                                           bias.narrow(0, d, 2 * d).to(compute_type()))
                                 .to(torch::kFloat);
  return {in_heads(both.narrow(2, 0, d), facts_.heads), in_heads(both.narrow(2, d, d), facts_.heads)};
}

// What queries q (B, H, r, size), which stand at `places` (B, r) of the m keys, attend to: (B, H, r, m).
torch::Tensor DecoderModule::probabilities(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& places) const {
  const torch::Tensor keys = torch::arange(k.size(2), torch::kLong).to(k.device());
  const torch::Tensor unseen = keys.view({1, 1, 1, -1}) > places.view({places.size(0), 1, places.size(1), 1});
  const torch::Tensor logits = torch::matmul(q, for_heads(k, facts_.heads).transpose(2, 3));
  return logits.masked_fill(unseen, -std::numeric_limits<float>::infinity()).softmax(-1);
}

// Of the prompt's rows (B, p): what core/models/decoder/decoder.cc gives them, without the scorer.
torch::Tensor DecoderModule::score(const std::string& name, size_t index, const State& state, const torch::Tensor& h,
                                   const torch::Tensor& k, const torch::Tensor& v) const {
  const int64_t p = state.prompt;
  const auto options = torch::TensorOptions().dtype(torch::kFloat).device(h.device());
  if (how_.score == PromptScore::recent) return torch::arange(p, options).expand({h.size(0), p});
  if (how_.score == PromptScore::learned) return torch::ones({h.size(0), p}, options);
  const bool contrasts = how_.score == PromptScore::contrast;
  const int64_t window = std::min<int64_t>(how_.window, p);
  const int64_t before = contrasts ? std::min<int64_t>(how_.before, p - window) : 0;
  const int64_t first = p - window - before, count = window + before;
  const torch::Tensor q = queries(name, index, h.narrow(1, first, count), state.positions.narrow(1, first, count));
  const torch::Tensor places = torch::arange(first, p, torch::kLong).to(h.device()).expand({h.size(0), count});
  const torch::Tensor all = probabilities(q, k.narrow(2, 0, p), places);  // (B, H, count, p)
  const torch::Tensor mine = all.narrow(2, before, window).mean({2});
  torch::Tensor score;
  if (contrasts) {
    const torch::Tensor theirs = before > 0 ? all.narrow(2, 0, before).mean({2}) : torch::zeros_like(mine);
    const torch::Tensor lengths = for_heads(v.narrow(2, 0, p), facts_.heads).square().sum({-1}).sqrt();  // (B, H, p)
    score = (torch::relu(mine - theirs) * lengths).mean({1});
  } else {
    score = how_.score == PromptScore::largest_head ? mine.amax({1}) : mine.mean({1});
  }
  if (how_.smooth <= 1) return score;
  return torch::avg_pool1d(score.unsqueeze(1), how_.smooth, 1, how_.smooth / 2, /*ceil_mode=*/false,
                           /*count_include_pad=*/false)
      .squeeze(1);
}

void DecoderModule::layer(size_t index, State& state) const {
  const std::string name = layer_name(index);
  const bool gpt2 = is_gpt2(model_), is_last = index + 1 == facts_.num_layers;
  const torch::Tensor h = norm(name + (gpt2 ? "ln_1" : "input_layernorm"), state.hidden);
  const auto [k, v] = keys_values(name, h, state.positions);
  const int64_t batch = h.size(0), m = h.size(1), p = state.prompt;
  const torch::Tensor* u = scorer(index);

  if (state.options.attribution && !is_last) {
    torch::Tensor logs;
    {
      const torch::NoGradGuard constants;
      logs = score(name, index, state, h, k, v).clamp_min(kLeastScore).log();
    }
    if (u != nullptr) logs = logs + torch::matmul(h.detach().narrow(1, 0, p), *u);
    state.output.scores.push_back(logs);
  }

  torch::Tensor at;  // (B, r) the rows that go on; none: all do
  const int64_t count = state.counts[index];
  if (is_last) {
    const int64_t rows = state.ids.size(1) - static_cast<int64_t>(state.options.first_logits);
    at = torch::arange(m - rows, m, torch::kLong).to(h.device()).expand({batch, rows});
    for (LiveRows& live : state.rows) {
      const int64_t left = std::max<int64_t>(0, rows - (m - p));
      live.positions.erase(live.positions.begin(), live.positions.end() - left);
    }
  } else if (count < p) {
    const torch::NoGradGuard constants;
    torch::Tensor scores = score(name, index, state, h, k, v);
    if (u != nullptr && how_.score != PromptScore::recent) {
      scores = scores * torch::exp(torch::matmul(h.narrow(1, 0, p), *u));
    }
    scores = scores.to(torch::kCPU).contiguous();
    std::vector<int64_t> places;
    for (int64_t t = 0; t < batch; ++t) {
      LiveRows& live = state.rows[static_cast<size_t>(t)];
      const std::span<const float> of_text(scores.data_ptr<float>() + t * p, static_cast<size_t>(p));
      const Selection stay = select(of_text, live, static_cast<uint32_t>(count), Dropped::discard,
                                    always_of(how_, static_cast<uint32_t>(count)));
      places.insert(places.end(), stay.kept.begin(), stay.kept.end());
      for (int64_t i = p; i < m; ++i) places.push_back(i);
      live = advance(live, stay);
    }
    at = torch::tensor(places, torch::kLong).view({batch, count + m - p}).to(h.device());
    state.prompt = count;
  }
  for (size_t t = 0; t < state.rows.size(); ++t) state.output.kept_positions[t].push_back(state.rows[t].positions);

  const bool all = !at.defined();
  const torch::Tensor places = all ? torch::arange(m, torch::kLong).to(h.device()).expand({batch, m}) : at;
  const torch::Tensor positions = all ? state.positions : take_rows(state.positions, at);
  const torch::Tensor q = queries(name, index, all ? h : take_rows(h, at), positions);
  const torch::Tensor attention = probabilities(q, k, places);
  if (state.options.attribution) {  // of the tokens behind the prompt, and its last ones
    const int64_t asking = std::min<int64_t>(attention.size(2), m - p + std::min<int64_t>(how_.window, p));
    const torch::Tensor asked = attention.detach().narrow(2, attention.size(2) - asking, asking).narrow(3, 0, p);
    state.output.attention.push_back(asked.mean({1, 2}));
  }
  const torch::Tensor context = torch::matmul(attention, for_heads(v, facts_.heads)).transpose(1, 2).flatten(2);
  const torch::Tensor residual = all ? state.hidden : take_rows(state.hidden, at);
  const torch::Tensor x =
      residual + state.dropout(linear(name, {gpt2 ? "attn.c_proj" : "self_attn.o_proj"}, context).to(torch::kFloat));
  const torch::Tensor wide = norm(name + (gpt2 ? "ln_2" : "post_attention_layernorm"), x);
  state.hidden = x + state.dropout(feed_forward(name, wide).to(torch::kFloat));
  state.positions = positions;
}

torch::Tensor DecoderModule::feed_forward(const std::string& name, const torch::Tensor& x) const {
  const auto* gpt2 = std::get_if<Gpt2Config>(&model_);
  if (gpt2 == nullptr) {
    const torch::Tensor gate = torch::silu(linear(name, {"mlp.gate_proj"}, x));
    return linear(name, {"mlp.down_proj"}, gate * linear(name, {"mlp.up_proj"}, x));
  }
  const torch::Tensor wide = linear(name, {"mlp.c_fc"}, x);
  using Kind = HiddenActivation;
  const Kind kind = gpt2->activation_function;
  const torch::Tensor active = kind == Kind::relu   ? torch::relu(wide)
                               : kind == Kind::tanh ? torch::tanh(wide)
                               : kind == Kind::gelu ? torch::gelu(wide, "none")
                                                    : torch::gelu(wide, "tanh");
  return linear(name, {"mlp.c_proj"}, active);
}

torch::Tensor attention_loss(const std::vector<torch::Tensor>& scores, const std::vector<torch::Tensor>& attention) {
  torch::Tensor sum = torch::zeros({1}, scores.front().options());
  torch::Tensor later = torch::zeros_like(attention.back());
  for (size_t l = scores.size(); l-- > 0;) {
    later = later + attention[l + 1];
    const int64_t words = later.size(1) - 1;  // the first token is where attention sinks, and stays anyway
    const torch::Tensor received = later.narrow(1, 1, words).clamp_min(kLeastScore);
    const torch::Tensor target = received / received.sum({1}, /*keepdim=*/true);
    const torch::Tensor guess = scores[l].narrow(1, 1, words).log_softmax(1);
    sum = sum + (target * (target.log() - guess)).sum({1}).mean();
  }
  return sum.squeeze() / static_cast<double>(scores.size());
}

}  // namespace latformer::train
