#include "core/train/modules/bert_module.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/modules/dropout.h"
#include "core/train/modules/row_map.h"
#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

std::string weight_of(std::string_view module) { return std::string(module) + ".weight"; }

std::string scorer_name(const BertConfig& config, size_t layer) {
  return config.architecture->layer(layer) + weight_of(config.architecture->modules.scorer);
}

}  // namespace

// B texts of T live rows altogether, n rows of the longest.
struct BertModule::State {
  std::span<const TokenText* const> texts;
  std::span<const std::vector<uint32_t>> counts;
  const ForwardOptions& options;
  ForwardOutput output = {};
  std::vector<LiveRows> rows = {};  // of each text

  Random dropout_keys = Random(options.dropout_seed, "dropout");

  torch::Tensor hidden = {};  // (T, d)
  int64_t longest = 0;        // n
  RowMap pad = {};            // packed (T) -> padded (B n)
  torch::Tensor bias = {};    // (B, 1, 1, n)  added to attention logits: log size, or -infinity where there is no row
  torch::Tensor query = {};   // (B, n, 1)  1 / number of rows, or 0 where there is no row

  // Lays out anew what depends on how many rows are alive.
  void lay_out(torch::Device device);
  torch::Tensor dropout(const torch::Tensor& x) {
    return options.dropout > 0 ? train::dropout(x, options.dropout, dropout_keys.next()) : x;
  }
};

void BertModule::State::lay_out(torch::Device device) {
  longest = 0;
  for (const LiveRows& live : rows) longest = std::max<int64_t>(longest, live.count());
  const auto n = static_cast<size_t>(longest);
  std::vector<float> biases(rows.size() * n, -std::numeric_limits<float>::infinity());
  std::vector<float> shares(rows.size() * n, 0);
  pad = {};
  int64_t row = 0;
  for (size_t t = 0; t < rows.size(); ++t) {
    const uint32_t count = rows[t].count();
    std::fill_n(biases.begin() + t * n, count, 0.0F);
    std::fill_n(shares.begin() + t * n, count, 1.0F / static_cast<float>(count));
    if (rows[t].has_rest()) biases[t * n + count - 1] = std::log(static_cast<float>(rows[t].rest_size));
    for (uint32_t i = 0; i < count; ++i) pad.add_row(row++);
    for (size_t i = count; i < n; ++i) pad.end_row();
  }
  const auto texts_here = static_cast<int64_t>(rows.size());
  bias = torch::tensor(biases).view({texts_here, 1, 1, longest}).to(device);
  query = torch::tensor(shares).view({texts_here, longest, 1}).to(device);
}

BertModule::BertModule(BertConfig config, std::map<std::string, torch::Tensor> weights, VectorHead head)
    : Module({.problem_type = config.problem_type,
              .cost = cost_of(config, config.problem_type == ProblemType::embedding ? Last::all_rows : Last::one_row)},
             std::move(weights)),
      bert_(std::move(config)),
      head_(head) {}

const BertModules& BertModule::names() const { return bert_.architecture->modules; }

torch::Tensor BertModule::pooler_activation(const torch::Tensor& x) const {
  return bert_.architecture->pooler_activation == kernels::Activation::Kind::relu ? torch::relu(x) : torch::tanh(x);
}

ForwardOutput BertModule::forward(std::span<const TokenText* const> texts,
                                  std::span<const std::vector<uint32_t>> counts, const ForwardOptions& options) const {
  State state{.texts = texts, .counts = counts, .options = options};
  state.output.kept_positions.resize(texts.size());
  state.output.contributions.resize(options.contributions ? texts.size() : 0);
  state.output.row_counts.resize(options.rows ? texts.size() : 0);
  embed(state);
  const size_t last = bert_.num_hidden_layers - 1;
  for (size_t index = 0; index <= last; ++index) {
    index < config().cost.inner_layers() ? layer(index, state) : last_layer(state);
    for (size_t t = 0; t < texts.size(); ++t) state.output.kept_positions[t].push_back(state.rows[t].positions);
    if (!options.rows || index == last) continue;
    state.output.rows.push_back(state.hidden);
    for (size_t t = 0; t < texts.size(); ++t) state.output.row_counts[t].push_back(state.rows[t].count());
  }
  config().problem_type == ProblemType::embedding ? pool(state) : classify(state);
  return std::move(state.output);
}

void BertModule::classify(State& state) const {
  const torch::Tensor pooled = pooler_activation(linear_in_float(std::string(names().pooler), state.hidden));
  state.output.hidden = state.hidden;
  state.output.logits = linear_in_float(std::string(names().classifier), state.dropout(pooled));
}

void BertModule::pool(State& state) const {
  constexpr double kShortest = 1e-12;  // as the core has it
  RowMap pooled;
  int64_t first = 0;
  for (const LiveRows& live : state.rows) {
    const auto ordinary = static_cast<int64_t>(live.positions.size());
    if (head_.pooling == Pooling::cls) {
      pooled.add(first);
    } else {
      const float share = 1.0F / static_cast<float>(ordinary + live.rest_size);
      for (int64_t i = 0; i < ordinary; ++i) pooled.add(first + i, share);
      if (live.has_rest()) pooled.add(first + ordinary, share * static_cast<float>(live.rest_size));
    }
    pooled.end_row();
    first += live.count();
  }
  const torch::Tensor vectors = map_rows(pooled, state.hidden.to(torch::kFloat));
  state.output.hidden = vectors;
  state.output.logits = head_.normalize ? vectors / vectors.norm(2, {1}, true).clamp_min(kShortest) : vectors;
}

void BertModule::embed(State& state) const {
  RowMap words, positions, types;
  for (const TokenText* text : state.texts) {
    state.rows.push_back(LiveRows::all(static_cast<uint32_t>(text->ids.size())));
    for (size_t i = 0; i < text->ids.size(); ++i) {
      words.add_row(text->ids[i]);
      positions.add_row(static_cast<int64_t>(i));
      types.add_row(text->type_ids[i]);
    }
  }
  torch::Tensor sum = map_rows(words, weight(weight_of(names().word_embeddings))) +
                      map_rows(positions, weight(weight_of(names().position_embeddings)));
  if (!names().token_type_embeddings.empty()) {
    sum = sum + map_rows(types, weight(weight_of(names().token_type_embeddings)));
  }
  state.hidden = state.dropout(norm(std::string(names().embeddings_norm), sum));
  state.lay_out(device());
}

// Any layer but a classifier's last: x (T, d) -> x (T', d), where T' rows stay.
void BertModule::layer(size_t index, State& state) const {
  const std::string name = bert_.architecture->layer(index);
  const auto texts = static_cast<int64_t>(state.rows.size());
  const int64_t heads = bert_.num_attention_heads;
  const int64_t d = bert_.hidden_size;
  const int64_t n = state.longest;

  const torch::Tensor packed = linear(name, {names().query, names().key, names().value}, state.hidden);  // (T, 3d)
  const torch::Tensor padded = map_rows(state.pad, packed).view({texts, n, 3, heads, d / heads});
  const std::vector<torch::Tensor> parts = padded.permute({2, 0, 3, 1, 4}).unbind(0);  // each (B, H, n, dh)
  const torch::Tensor probabilities = attend(state, parts[0], parts[1]);               // (B, H, n, n)
  const torch::Tensor contexts =
      torch::matmul(probabilities.to(compute_type()), parts[2]).transpose(1, 2).reshape({texts * n, d});
  if (state.options.contributions) measure(state, probabilities);
  if (state.options.attribution && index + 1 < bert_.num_hidden_layers) {
    state.output.scores.push_back(scores(index, state, probabilities));
  }

  bool drops = false;
  for (size_t t = 0; t < state.rows.size(); ++t) drops |= state.counts[t][index] < state.rows[t].count();
  torch::Tensor known;  // (B, n)
  if (drops) known = scores(index, state, probabilities).detach().to(torch::kCPU).contiguous();

  RowMap from_packed, from_padded;  // the same rows that stay, of `hidden` and of `contexts`
  int64_t first = 0;                // packed row of the text's first one
  for (size_t t = 0; t < state.rows.size(); ++t) {
    const uint32_t count = state.rows[t].count();
    const int64_t first_padded = static_cast<int64_t>(t) * n;
    std::span<const float> score;
    if (drops) score = {known.data_ptr<float>() + first_padded, count};
    const Selection stay = select(score, state.rows[t], state.counts[t][index], state.options.dropped, kBertAlways);
    const auto add = [&](RowMap& map, int64_t offset) {
      for (const uint32_t row : stay.kept) map.add_row(offset + row);
      for (size_t k = 0; k < stay.merged.size(); ++k) map.add(offset + stay.merged[k], stay.weights[k]);
      if (!stay.merged.empty()) map.end_row();
    };
    add(from_packed, first);
    add(from_padded, first_padded);
    state.rows[t] = advance(state.rows[t], stay);
    first += count;
  }
  const torch::Tensor residual = drops ? map_rows(from_packed, state.hidden) : state.hidden;
  // The rest row is a mean over many rows, taken in float32.
  finish_layer(name, state, residual, map_rows(from_padded, drops ? contexts.to(torch::kFloat) : contexts));
  if (drops) state.lay_out(device());
}

// The last layer of a classifier: x (T, d) -> x (B, d).
void BertModule::last_layer(State& state) const {
  const std::string name = bert_.architecture->layer(bert_.num_hidden_layers - 1);
  const auto texts = static_cast<int64_t>(state.rows.size());
  const int64_t heads = bert_.num_attention_heads;
  const int64_t d = bert_.hidden_size;
  const int64_t n = state.longest;

  RowMap first_rows;
  int64_t row = 0;
  for (const LiveRows& live : state.rows) {
    first_rows.add_row(row);
    row += live.count();
  }
  const torch::Tensor residual = map_rows(first_rows, state.hidden);
  const torch::Tensor packed = linear(name, {names().key, names().value}, state.hidden);  // (T, 2d)
  const torch::Tensor padded = map_rows(state.pad, packed).view({texts, n, 2, heads, d / heads});
  const std::vector<torch::Tensor> parts = padded.permute({2, 0, 3, 1, 4}).unbind(0);  // each (B, H, n, dh)
  const torch::Tensor query = linear(name, {names().query}, residual).view({texts, heads, 1, d / heads});
  const torch::Tensor probabilities = attend(state, query, parts[0]);                       // (B, H, 1, n)
  const torch::Tensor context = torch::matmul(probabilities.to(compute_type()), parts[1]);  // (B, H, 1, dh)
  if (state.options.contributions) {
    const torch::Tensor all = map_rows(state.pad, linear(name, {names().query}, state.hidden));
    measure(state, attend(state, all.view({texts, n, heads, d / heads}).transpose(1, 2), parts[0]));
  }
  for (LiveRows& live : state.rows) live = LiveRows::all(1);
  finish_layer(name, state, residual, context.reshape({texts, d}));
}

// Probabilities (B, H, queries, n), float32, from query (B, H, queries, dh) and key (B, H, n, dh).
torch::Tensor BertModule::attend(State& state, const torch::Tensor& query, const torch::Tensor& key) const {
  const double scale = 1 / std::sqrt(static_cast<double>(bert_.head_size()));
  const torch::Tensor products = torch::matmul(query * scale, key.transpose(-2, -1));
  torch::Tensor bias = state.bias;
  if (state.options.attribution) {
    bias = bias.detach().clone().set_requires_grad(true);
    state.output.biases.push_back(bias);
  }
  return torch::softmax(products.to(torch::kFloat) + bias, -1);
}

// Scores (B, n) of a layer that is about to drop rows of `hidden`.
torch::Tensor BertModule::scores(size_t index, const State& state, const torch::Tensor& probabilities) const {
  const torch::Tensor mean = column_mean(state, probabilities);
  const auto scorer = weights().find(scorer_name(bert_, index));
  if (scorer == weights().end()) return mean;
  const torch::Tensor logs = map_rows(state.pad, torch::matmul(state.hidden.detach(), scorer->second.unsqueeze(1)));
  return mean * logs.view(mean.sizes()).exp();
}

// (B, n): the mean over heads and the text's own queries of probabilities (B, H, n, n).
torch::Tensor BertModule::column_mean(const State& state, const torch::Tensor& probabilities) {
  return (probabilities.detach().mean(1) * state.query).sum(1);
}

void BertModule::measure(State& state, const torch::Tensor& probabilities) const {
  const torch::Tensor scores = column_mean(state, probabilities).to(torch::kCPU).contiguous();
  for (size_t t = 0; t < state.rows.size(); ++t) {
    const float* score = scores.data_ptr<float>() + static_cast<int64_t>(t) * state.longest;
    const std::vector<uint8_t>& is_special = state.texts[t]->is_special;
    assert(state.rows[t].count() == is_special.size());
    std::vector<double> shares;
    for (size_t j = 0; j < is_special.size(); ++j) {
      if (is_special[j] == 0) shares.push_back(static_cast<double>(is_special.size()) * score[j]);
    }
    std::sort(shares.begin(), shares.end());
    const size_t half = shares.size() / 2;
    double median = 1;
    if (!shares.empty()) median = shares.size() % 2 == 1 ? shares[half] : (shares[half - 1] + shares[half]) / 2;
    state.output.contributions[t].push_back(median);
  }
}

// The rows that stay, of all texts: from their residual and context (rows, d).
void BertModule::finish_layer(const std::string& name, State& state, const torch::Tensor& residual,
                              const torch::Tensor& context) const {
  const torch::Tensor attention = state.dropout(linear(name, {names().attention_output}, context));
  const torch::Tensor x = norm(name + std::string(names().attention_norm), residual + attention);
  const torch::Tensor wide = linear(name, {names().intermediate}, x);
  const torch::Tensor active = bert_.hidden_act == HiddenActivation::relu   ? torch::relu(wide)
                               : bert_.hidden_act == HiddenActivation::gelu ? torch::gelu(wide, "none")
                                                                            : torch::gelu(wide, "tanh");
  state.hidden =
      norm(name + std::string(names().output_norm), x + state.dropout(linear(name, {names().output}, active)));
}

torch::Tensor BertModule::norm(const std::string& name, const torch::Tensor& x) const {
  return torch::layer_norm(x, {x.size(1)}, weight(name + ".weight"), weight(name + ".bias"), bert_.layer_norm_eps);
}

std::vector<std::string> scorer_names(const BertConfig& config) {
  std::vector<std::string> names;
  for (size_t layer = 0; layer + 1 < config.num_hidden_layers; ++layer) names.push_back(scorer_name(config, layer));
  return names;
}

std::vector<BertTensor> bert_tensors(const BertConfig& config) {
  std::vector<BertTensor> tensors;
  const uint64_t d = config.hidden_size;
  const BertModules& modules = config.architecture->modules;
  const auto add = [&](const std::string& prefix, std::string_view module, std::vector<uint64_t> shape, bool biased,
                       bool may_lack = false) {
    const std::string name = prefix + std::string(module);
    const uint64_t out = shape.front();
    tensors.push_back({name + ".weight", std::move(shape), may_lack});
    if (biased) tensors.push_back({name + ".bias", {out}, may_lack});
  };
  add("", modules.word_embeddings, {config.vocab_size, d}, false);
  add("", modules.position_embeddings, {config.max_position_embeddings, d}, false);
  if (!modules.token_type_embeddings.empty())
    add("", modules.token_type_embeddings, {config.type_vocab_size, d}, false);
  add("", modules.embeddings_norm, {d}, true);
  for (uint32_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string name = config.architecture->layer(layer);
    for (const std::string_view part : {modules.query, modules.key, modules.value}) add(name, part, {d, d}, true);
    add(name, modules.attention_output, {d, d}, true);
    add(name, modules.attention_norm, {d}, true);
    add(name, modules.intermediate, {config.intermediate_size, d}, true);
    add(name, modules.output, {d, config.intermediate_size}, true);
    add(name, modules.output_norm, {d}, true);
  }
  add("", modules.pooler, {d, d}, true, true);
  if (config.problem_type != ProblemType::embedding) add("", modules.classifier, {config.num_labels(), d}, true, true);
  return tensors;
}

}  // namespace latformer::train
