#include "core/models/bert/model.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/kernels/rows.h"
#include "core/models/bert/cost.h"
#include "core/models/bert/relative_attention.h"

namespace latformer {
namespace {

size_t total(std::span<const LiveRows> texts) {
  size_t sum = 0;
  for (const LiveRows& rows : texts) sum += rows.count();
  return sum;
}

// y (rows that stay, columns) from x (n, columns): those kept, then the rest row as a weighted sum.
void take(const Selection& stay, size_t columns, const float* x, float* y) {
  kernels::gather_rows(stay.kept, columns, x, columns, y);
  if (stay.merged.empty()) return;
  kernels::weighted_row_sum(stay.merged, stay.weights, columns, x, columns, y + stay.kept.size() * columns);
}

// Where the rows that stay stand; the rest row, where the row with the largest share in it does.
std::vector<uint32_t> places_of(const Selection& stay, const std::vector<uint32_t>& places) {
  std::vector<uint32_t> result;
  result.reserve(stay.kept.size() + 1);
  for (const uint32_t row : stay.kept) result.push_back(places[row]);
  if (stay.merged.empty()) return result;
  const auto largest = std::max_element(stay.weights.begin(), stay.weights.end());
  result.push_back(places[stay.merged[static_cast<size_t>(largest - stay.weights.begin())]]);
  return result;
}

// The rest row is attended to like the rows that it stands for.
float last_log_size(const LiveRows& rows) {
  return rows.has_rest() ? std::log(static_cast<float>(rows.rest_size)) : 0.0F;
}

}  // namespace

Result<Bert> Bert::create(const BertConfig& config, BertWeights weights, Threads threads) {
  Bert bert;
  bert.config_ = config;
  bert.weights_ = std::move(weights);
  bert.threads_ = std::move(threads);
  bert.attention_ = kernels::Attention(config.num_attention_heads, config.head_size());
  LATFORMER_ASSIGN(bert.hidden_act_, kernels::Activation::create(config.hidden_act));
  if (config.relative_buckets > 0) {
    LATFORMER_TRY(spread_relative_bias(bert.weights_.relative_attention_bias, config.num_attention_heads,
                                       config.max_tokens() - 1, bert.relative_bias_));
  }
  return bert;
}

Status Bert::start(std::span<const EncoderInput> texts, Dropped dropped) {
  for (const EncoderInput& text : texts) LATFORMER_TRY(check(text));
  outputs_.clear();
  outputs_.resize(texts.size());
  dropped_ = dropped;
  next_layer_ = texts.empty() ? config_.num_hidden_layers : 0;
  return begin(texts);
}

Status Bert::step() {
  const size_t index = next_layer_++;
  LATFORMER_TRY(is_cut(index) ? last_layer() : layer(index, texts_, dropped_));
  for (size_t t = 0; t < texts_.size(); ++t) {
    outputs_[t].kept_positions.push_back(rows_[t].positions);
    outputs_[t].tokens_per_layer.push_back(rows_[t].count());
  }
  return {};
}

Result<std::vector<EncoderOutput>> Bert::finish() {
  std::vector<EncoderOutput> outputs = std::move(outputs_);
  if (outputs.empty()) return outputs;
  LATFORMER_ASSIGN(std::vector<std::vector<float>> results, run_head());
  for (size_t t = 0; t < outputs.size(); ++t) outputs[t].result = std::move(results[t]);
  return outputs;
}

// Room for everything, and x (T, d) as it enters the first layer.
Status Bert::begin(std::span<const EncoderInput> texts) {
  texts_.assign(texts.begin(), texts.end());
  rows_.clear();
  places_.clear();
  if (texts.empty()) return {};
  size_t longest = 0;
  for (const EncoderInput& text : texts) {
    rows_.push_back(LiveRows::all(static_cast<uint32_t>(text.ids.size())));
    if (config_.relative_buckets > 0) places_.push_back(rows_.back().positions);
    longest = std::max(longest, text.ids.size());
  }
  LATFORMER_TRY(activations_.reserve(config_, total(rows_), longest));
  LATFORMER_TRY(attention_.reserve(longest));
  if (weights_.head->reads_dropped()) LATFORMER_TRY(states_.begin(rows_, config_.hidden_size));
  return embed(texts);
}

// Where the rows of a text stand, for attention that looks at it.
std::optional<kernels::RelativeBias> Bert::relative_bias(size_t text) {
  if (places_.empty()) return {};
  return kernels::RelativeBias{
      .table = relative_bias_.data(), .reach = config_.max_tokens() - 1, .places = places_[text].data()};
}

Status Bert::rehearse(const Workload& work, size_t index, Dropped dropped) {
  const size_t n = work.in;
  std::vector<int32_t> ids(n);
  for (size_t i = 0; i < n; ++i) ids[i] = static_cast<int32_t>(i * 7919 % config_.vocab_size);  // here and there
  const std::vector<uint8_t> type_ids(n, 0);
  const std::vector<uint32_t> counts(config_.num_hidden_layers, work.out);
  const EncoderInput text{.ids = ids, .type_ids = type_ids, .counts = counts};
  LATFORMER_TRY(begin({&text, 1}));  // next to nothing beside a layer, which wants sound numbers to work on
  switch (work.part) {
    case Workload::Part::words:  // no part of the model
    case Workload::Part::embedding:
      return {};
    case Workload::Part::layer:
      return layer(index, {&text, 1}, dropped);
    case Workload::Part::last_layer:
      return last_layer();
    case Workload::Part::head:
      return run_head().status();
  }
  return {};
}

// Whether it is the last layer, of which [CLS] alone is read.
bool Bert::is_cut(size_t index) const {
  return index + 1 == config_.num_hidden_layers && weights_.head->reads() == Last::one_row;
}

// Any layer that is not cut: x (T, d) -> x (T', d), where T' rows stay.
Status Bert::layer(size_t index, std::span<const EncoderInput> texts, Dropped dropped) {
  BertLayerWeights& weights = weights_.layer(index);
  BertActivations& a = activations_;
  const size_t d = config_.hidden_size;
  LATFORMER_TRY(weights.query_key_value.run(threads_, total(rows_), a.hidden.data(), a.wide.data(), a.linear));

  size_t in = 0;   // rows of the texts before this one, at the layer's entry
  size_t out = 0;  // and of those that stay
  for (size_t t = 0; t < texts.size(); ++t) {
    const size_t n = rows_[t].count();
    const uint32_t count = texts[t].counts[index];
    const float* query = a.wide.data() + in * 3 * d;  // (n, 3d): query, key, value side by side
    const kernels::AttentionInput input{.queries = n,
                                        .keys = n,
                                        .query = {query, 3 * d},
                                        .key = {query + d, 3 * d},
                                        .value = {query + 2 * d, 3 * d},
                                        .last_log_size = last_log_size(rows_[t]),
                                        .relative_bias = relative_bias(t)};
    float* residual = a.residual.data() + out * d;
    float* context = a.context.data() + out * d;
    if (count >= n) {
      std::copy_n(a.hidden.data() + in * d, n * d, residual);
      attention_.run(threads_, input, context);
    } else {
      const float* x = a.hidden.data() + in * d;
      attention_.attend(threads_, input, a.score.data());
      if (weights.scorer.size() > 0) kernels::raise_scores(n, d, x, weights.scorer.data(), a.score.data());
      const Selection stay = select(a.score.span().first(n), rows_[t], count, dropped, kBertAlways);
      if (weights_.head->reads_dropped()) states_.keep(t, rows_[t], x);
      rows_[t] = advance(rows_[t], stay);
      if (!places_.empty()) places_[t] = places_of(stay, places_[t]);
      take(stay, d, x, residual);
      attention_.mix(threads_, input, stay.kept, stay.merged, stay.weights, context);
    }
    in += n;
    out += rows_[t].count();
  }
  return finish_layer(weights, out);
}

// The last layer where it is cut: x (T, d) -> x (texts, d). The head reads [CLS] alone, so nothing else asks, and
// nothing else stays. Weights that all layers share compute queries of all rows nonetheless.
Status Bert::last_layer() {
  BertLayerWeights& weights = weights_.layers.back();
  BertActivations& a = activations_;
  const size_t d = config_.hidden_size;
  const size_t width = config_.shares_layers() ? 3 * d : 2 * d;  // of what is computed of all rows: key and value last
  const kernels::Linear& of_all = config_.shares_layers() ? weights.query_key_value : weights.key_value;
  LATFORMER_TRY(of_all.run(threads_, total(rows_), a.hidden.data(), a.wide.data(), a.linear));

  size_t in = 0;
  for (size_t t = 0; t < rows_.size(); ++t) {
    std::copy_n(a.hidden.data() + in * d, d, a.residual.data() + t * d);
    if (config_.shares_layers()) std::copy_n(a.wide.data() + in * width, d, a.branch.data() + t * d);
    in += rows_[t].count();
  }
  if (!config_.shares_layers()) {
    LATFORMER_TRY(weights.query.run(threads_, rows_.size(), a.residual.data(), a.branch.data(), a.linear));
  }

  in = 0;
  for (size_t t = 0; t < rows_.size(); ++t) {
    const size_t n = rows_[t].count();
    const float* key = a.wide.data() + in * width + width - 2 * d;
    attention_.run(threads_,
                   {.queries = 1,
                    .keys = n,
                    .query = {a.branch.data() + t * d, d},
                    .key = {key, width},
                    .value = {key + d, width},
                    .last_log_size = last_log_size(rows_[t]),
                    .relative_bias = relative_bias(t)},
                   a.context.data() + t * d);
    rows_[t] = LiveRows::all(1);
    in += n;
  }
  return finish_layer(weights, rows_.size());
}

// The rows that stay, of all texts: x (rows, d) from their residual and context (rows, d).
Status Bert::finish_layer(BertLayerWeights& weights, size_t rows) {
  BertActivations& a = activations_;
  const size_t d = config_.hidden_size;
  const auto add_and_norm = [&](const float* residual, const LayerNormWeights& norm) {
    kernels::layer_norm(rows, d, residual, a.branch.data(), norm.gamma.data(), norm.beta.data(), config_.layer_norm_eps,
                        a.hidden.data());
  };
  LATFORMER_TRY(weights.attention_output.run(threads_, rows, a.context.data(), a.branch.data(), a.linear));
  add_and_norm(a.residual.data(), weights.attention_norm);

  LATFORMER_TRY(weights.intermediate.run(threads_, rows, a.hidden.data(), a.wide.data(), a.linear));
  LATFORMER_TRY(hidden_act_.run(threads_, rows * config_.intermediate_size, a.wide.data(), a.wide.data()));
  LATFORMER_TRY(weights.output.run(threads_, rows, a.wide.data(), a.branch.data(), a.linear));
  add_and_norm(a.hidden.data(), weights.output_norm);
  return {};
}

Status Bert::embed(std::span<const EncoderInput> texts) {
  BertActivations& a = activations_;
  const size_t e = config_.embedding_size;
  float* word = config_.projects_embeddings() ? a.wide.data() : a.hidden.data();  // (T, e)
  float* other = a.residual.data();                                               // (T, e)  position + type
  float* type = a.branch.data();                                                  // (e)
  size_t rows = 0;
  for (const EncoderInput& text : texts) {
    size_t position = config_.first_position;
    for (size_t i = 0; i < text.ids.size(); ++i, ++rows) {
      const bool is_padding = text.ids[i] == config_.padding_id;
      weights_.word_embeddings.widen_row(static_cast<size_t>(text.ids[i]), word + rows * e);
      weights_.position_embeddings.widen_row(is_padding ? config_.first_position - 1 : position++, other + rows * e);
      if (config_.type_vocab_size == 0) continue;  // position alone
      weights_.token_type_embeddings.widen_row(text.type_ids[i], type);
      for (size_t k = 0; k < e; ++k) other[rows * e + k] += type[k];
    }
  }
  const LayerNormWeights& norm = weights_.embeddings_norm;
  kernels::layer_norm(rows, e, word, other, norm.gamma.data(), norm.beta.data(), config_.layer_norm_eps, word);
  if (!config_.projects_embeddings()) return {};
  return weights_.embeddings_project.run(threads_, rows, word, a.hidden.data(), a.linear);
}

Result<std::vector<std::vector<float>>> Bert::run_head() {
  const float* x = activations_.hidden.data();
  const size_t d = config_.hidden_size;
  LastRows rows{.x = x, .d = d, .texts = rows_, .inputs = texts_, .word_embeddings = &weights_.word_embeddings};
  if (weights_.head->reads_dropped()) {
    for (size_t t = 0; t < rows_.size(); ++t) {
      states_.keep(t, rows_[t], x);
      x += rows_[t].count() * d;
    }
    rows.x = states_.data();
    rows.texts = states_.texts();
  }
  return weights_.head->run(threads_, rows);
}

Status Bert::check(const EncoderInput& text) const {
  if (text.ids.empty()) return invalid_argument("a text without tokens, not even [CLS]");
  if (text.ids.size() > config_.max_tokens()) {
    return invalid_argument(std::to_string(text.ids.size()) + " tokens, but the model has position embeddings for " +
                            std::to_string(config_.max_tokens()));
  }
  for (const int32_t id : text.ids) {
    if (id >= 0 && static_cast<uint32_t>(id) < config_.vocab_size) continue;
    return invalid_argument("token " + std::to_string(id) + " is outside of the model's vocabulary of " +
                            std::to_string(config_.vocab_size));
  }
  for (const uint8_t type : text.type_ids) {
    if (type < config_.type_vocab_size || config_.type_vocab_size == 0) continue;
    return invalid_argument("the model takes single texts only: its type_vocab_size is " +
                            std::to_string(config_.type_vocab_size));
  }
  return {};
}

}  // namespace latformer
