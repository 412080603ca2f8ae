#include "core/models/decoder/decoder.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "core/kernels/dot_rows.h"
#include "core/kernels/rows.h"
#include "core/models/decoder/stored_rows.h"

namespace latformer {
namespace {

// A number of a position that looks like chance, and is the same every time.
float noise(uint32_t position) {
  uint32_t x = position * 0x9E3779B9U + 0x7F4A7C15U;
  x = (x ^ (x >> 16)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13)) * 0xC2B2AE35U;
  return static_cast<float>((x ^ (x >> 16)) >> 8);
}

// Whether the last queries have to be known for it.
bool reads_queries(PromptScore score) {
  return score == PromptScore::contrast || score == PromptScore::largest_head || score == PromptScore::mean;
}

kernels::KeyScore key_score_of(const PromptElimination& how) {
  using Kind = kernels::KeyScore::Kind;
  kernels::KeyScore score{.window = how.window, .before = how.before, .smooth = how.smooth};
  score.kind = how.score == PromptScore::contrast       ? Kind::contrast
               : how.score == PromptScore::largest_head ? Kind::largest_head
                                                        : Kind::mean;
  return score;
}

}  // namespace

uint64_t DecoderFacts::weight_count() const {
  const uint64_t d = hidden_size;
  const uint64_t layer =
      2 * d * query_size() + 2 * d * kv_size() + uint64_t{feed_forward_products} * d * intermediate_size;
  const uint64_t rows = uint64_t{vocab_size} * (head_apart ? 2 : 1) + (learned_positions ? max_positions : 0);
  return num_layers * layer + rows * d;
}

Cost cost_of(const DecoderFacts& facts, const PromptElimination& how, Last last) {
  const uint64_t d = facts.hidden_size;
  const uint64_t q = facts.query_size();
  const uint64_t e = facts.kv_size();
  const uint64_t feed_forward = uint64_t{facts.feed_forward_products} * d * facts.intermediate_size;
  const bool scores = reads_queries(how.score);
  const uint64_t queries = scores ? key_score_of(how).queries() : 0;
  return {.num_layers = facts.num_layers,
          .last = last,
          .always = {.first = 1, .last = 1},
          .layer =
              [=](uint64_t in, uint64_t out) {
                uint64_t seen = in * (in + 1) / 2;
                uint64_t scoring = 0;
                if (out < in) {
                  const uint64_t tail = always_of(how, static_cast<uint32_t>(out)).last;
                  seen = tail * in - tail * (tail - 1) / 2 + (out - tail) * in / 2;
                  scoring = std::min(queries, in) * (d * q + in * q);
                }
                return 2 * in * d * e + scoring + out * d * q + 2 * seen * q + out * q * d + out * feed_forward;
              },
          .last_layer = [=](uint64_t in) { return 2 * in * d * e + 2 * d * q + 2 * in * q + feed_forward; },
          .head = d * facts.outputs()};
}

size_t Sequence::bytes() const {
  size_t sum = 0;
  for (const kernels::KeyValueCache& layer : layers) sum += layer.bytes();
  return sum;
}

bool Sequence::is_whole() const {
  return std::ranges::all_of(layers, [&](const auto& layer) { return layer.rows() == next_position; });
}

void Sequence::truncate(uint32_t tokens) {
  for (kernels::KeyValueCache& layer : layers) layer.truncate(tokens);
  next_position = std::min(next_position, tokens);
}

DecoderModel::DecoderModel(const DecoderFacts& facts, const DecoderActivations::Sizes& sizes, Threads threads)
    : threads_(std::move(threads)),
      facts_(facts),
      sizes_(sizes),
      attention_(facts.heads, facts.kv_heads, facts.head_size) {}

Result<Sequence> DecoderModel::begin(uint32_t rows, std::span<const uint32_t> counts, uint32_t more) const {
  Sequence sequence;
  for (size_t index = 0; index < facts_.num_layers; ++index) {
    const uint32_t in = index == 0 || counts.empty() ? rows : counts[index - 1];
    sequence.layers.emplace_back(facts_.kv_heads, facts_.head_size);
    LATFORMER_TRY(sequence.layers.back().reserve(in + more));
  }
  return sequence;
}

Result<Sequence> DecoderModel::copy(const Sequence& sequence, uint32_t more) const {
  Sequence result;
  result.next_position = sequence.next_position;
  for (const kernels::KeyValueCache& layer : sequence.layers) {
    LATFORMER_ASSIGN(kernels::KeyValueCache cache, layer.copy(layer.rows() + more));
    result.layers.push_back(std::move(cache));
  }
  return result;
}

Result<std::vector<DecoderOutput>> DecoderModel::run(std::span<const DecoderInput> texts, const PromptElimination& how,
                                                     Last read) {
  LATFORMER_TRY(start(texts, how, read));
  while (!done()) LATFORMER_TRY(step());
  return finish();
}

Status DecoderModel::start(std::span<const DecoderInput> texts, const PromptElimination& how, Last read) {
  for (const DecoderInput& text : texts) LATFORMER_TRY(check(text));
  outputs_.clear();
  outputs_.resize(texts.size());
  next_layer_ = texts.empty() ? facts_.num_layers : 0;
  how_ = how;
  read_ = read;
  if (texts.empty()) return {};
  LATFORMER_TRY(prepare(texts));
  size_t row = 0;
  for (size_t t = 0; t < texts.size(); ++t) {
    const size_t n = texts[t].ids.size();
    embed(texts[t].ids, texts_[t].positions, activations_.hidden.data() + row * facts_.hidden_size);
    row += n;
  }
  return {};
}

Status DecoderModel::step() {
  LATFORMER_TRY(layer(next_layer_++));
  for (size_t t = 0; t < texts_.size(); ++t) outputs_[t].kept_positions.push_back(texts_[t].positions);
  return {};
}

Result<std::vector<DecoderOutput>> DecoderModel::finish() {
  std::vector<DecoderOutput> outputs = std::move(outputs_);
  if (outputs.empty()) return outputs;
  for (Text& text : texts_) text.sequence->next_position = text.positions.back() + 1;
  LATFORMER_TRY(logits(outputs));
  return outputs;
}

Status DecoderModel::check(const DecoderInput& text) const {
  if (text.ids.empty()) return invalid_argument("a text without tokens");
  for (const int32_t id : text.ids) {
    if (id >= 0 && static_cast<uint32_t>(id) < facts_.vocab_size) continue;
    return invalid_argument("token " + std::to_string(id) + " is outside of the model's vocabulary of " +
                            std::to_string(facts_.vocab_size));
  }
  const Sequence& sequence = *text.sequence;
  if (!text.positions.empty() && text.positions.size() != text.ids.size()) {
    return invalid_argument("not as many positions as tokens");
  }
  uint64_t next = sequence.next_position;
  for (size_t i = 0; i < text.ids.size(); ++i) {
    const uint64_t position = text.positions.empty() ? next : text.positions[i];
    if (position < next) return invalid_argument("positions that do not rise");
    next = position + 1;
  }
  if (next > facts_.max_positions) {
    return invalid_argument(std::to_string(next) + " tokens, but the model has positions for " +
                            std::to_string(facts_.max_positions));
  }
  if (!text.counts.empty() && (text.counts.size() != facts_.num_layers || sequence.layers[0].rows() > 0)) {
    return invalid_argument("rows are dropped of a text that begins, in each layer");
  }
  return {};
}

// Room for everything.
Status DecoderModel::prepare(std::span<const DecoderInput> texts) {
  texts_.clear();
  positions_.clear();
  size_t longest = 0;
  for (const DecoderInput& input : texts) {
    Text text{.positions = {}, .visible = {}, .counts = input.counts, .sequence = input.sequence};
    const auto n = static_cast<uint32_t>(input.ids.size());
    if (input.positions.empty()) {
      text.positions.resize(n);
      std::iota(text.positions.begin(), text.positions.end(), input.sequence->next_position);
    } else {
      text.positions.assign(input.positions.begin(), input.positions.end());
    }
    for (size_t index = 0; index < facts_.num_layers; ++index) {
      kernels::KeyValueCache& cache = input.sequence->layers[index];
      const uint32_t in = index == 0 || input.counts.empty() ? n : std::min(n, input.counts[index - 1]);
      LATFORMER_TRY(cache.reserve(cache.rows() + in));
      longest = std::max(longest, cache.rows() + in);
    }
    positions_.insert(positions_.end(), text.positions.begin(), text.positions.end());
    texts_.push_back(std::move(text));
  }
  LATFORMER_TRY(activations_.reserve(sizes_, positions_.size(), longest, key_score_of(how_).queries()));
  LATFORMER_TRY(last_.reserve(facts_.hidden_size));
  LATFORMER_TRY(prepare_positions(*std::ranges::max_element(positions_) + 1));
  return attention_.reserve(longest);
}

void DecoderModel::remember(size_t index, const float* keys_values) {
  const size_t e = facts_.kv_size();
  for (const Text& text : texts_) {
    const size_t n = text.positions.size();
    text.sequence->layers[index].append(n, {keys_values, 2 * e}, {keys_values + e, 2 * e});
    keys_values += n * 2 * e;
  }
}

uint32_t DecoderModel::count_behind(size_t index, const Text& text) const {
  const auto n = static_cast<uint32_t>(text.positions.size());
  if (index + 1 == facts_.num_layers && read_ == Last::one_row) return 1;
  return text.counts.empty() ? n : std::min(n, text.counts[index]);
}

Status DecoderModel::drop(size_t index) {
  const size_t d = facts_.hidden_size;
  float* hidden = activations_.hidden.data();
  float* normed = activations_.normed.data();
  size_t in = 0;
  size_t out = 0;
  positions_.clear();
  for (Text& text : texts_) {
    const auto n = static_cast<uint32_t>(text.positions.size());
    const uint32_t count = count_behind(index, text);
    text.visible.clear();
    if (count < n) {
      LATFORMER_ASSIGN(const std::vector<uint32_t> stay, choose(index, text, count, normed + in * d));
      const auto before = static_cast<uint32_t>(text.sequence->layers[index].rows() - n);
      for (size_t i = 0; i < stay.size(); ++i) {
        std::memmove(hidden + (out + i) * d, hidden + (in + stay[i]) * d, d * sizeof(float));
        std::memmove(normed + (out + i) * d, normed + (in + stay[i]) * d, d * sizeof(float));
        text.positions[i] = text.positions[stay[i]];
        text.visible.push_back(before + stay[i] + 1);
      }
      text.positions.resize(stay.size());
    } else if (out < in) {
      std::memmove(hidden + out * d, hidden + in * d, n * d * sizeof(float));
      std::memmove(normed + out * d, normed + in * d, n * d * sizeof(float));
    }
    positions_.insert(positions_.end(), text.positions.begin(), text.positions.end());
    in += n;
    out += text.positions.size();
  }
  return {};
}

// Which `count` rows of a text stay, of x (n, d), which its products read.
Result<std::vector<uint32_t>> DecoderModel::choose(size_t index, const Text& text, uint32_t count, const float* x) {
  const auto n = static_cast<uint32_t>(text.positions.size());
  if (count == 1) return std::vector<uint32_t>{n - 1};
  LATFORMER_TRY(score(index, text, x));
  const LiveRows rows{.positions = text.positions, .rest_size = 0};
  return select(activations_.score.span().first(n), rows, count, Dropped::discard, always_of(how_, count)).kept;
}

Status DecoderModel::score(size_t index, const Text& text, const float* x) {
  const size_t n = text.positions.size();
  float* score = activations_.score.data();
  if (how_.score == PromptScore::recent || how_.score == PromptScore::random) {
    for (size_t j = 0; j < n; ++j) {
      score[j] = how_.score == PromptScore::recent ? static_cast<float>(j) : noise(text.positions[j]);
    }
    return {};
  }
  if (reads_queries(how_.score)) {
    const kernels::KeyScore how = key_score_of(how_);
    const size_t count = std::min(how.queries(), n);
    const std::span<const uint32_t> positions = std::span(text.positions).last(count);
    float* window = activations_.window.data();
    LATFORMER_TRY(queries(index, positions, x + (n - count) * facts_.hidden_size, window));
    attention_.score(threads_, text.sequence->layers[index], count, {window, facts_.query_size()}, how, score);
  } else {
    std::fill_n(score, n, 1.0F);
  }
  const std::span<const float> u = scorer(index);
  if (!u.empty()) kernels::raise_scores(n, facts_.hidden_size, x, u.data(), score);
  return {};
}

void DecoderModel::attend(size_t index, const float* query, float* context) {
  const size_t q = facts_.query_size();
  for (const Text& text : texts_) {
    const size_t n = text.positions.size();
    const uint32_t* visible = text.visible.empty() ? nullptr : text.visible.data();
    attention_.run(threads_, text.sequence->layers[index], {.count = n, .query = {query, q}, .visible = visible},
                   context);
    query += n * q;
    context += n * q;
  }
}

Status DecoderModel::logits(std::span<DecoderOutput> outputs) {
  const kernels::MatrixRows head = matrix_rows_of(head_weights());
  const float* x = activations_.hidden.data();
  for (size_t t = 0; t < outputs.size(); ++t) {
    const size_t n = texts_[t].positions.size();
    outputs[t].logits.resize(n * facts_.outputs());
    for (size_t i = 0; i < n; ++i, x += facts_.hidden_size) {
      last_norm(x, last_.data());
      LATFORMER_TRY(kernels::dot_rows(threads_, precision(), head, last_.data(),
                                      outputs[t].logits.data() + i * facts_.outputs(), activations_.linear));
    }
  }
  return {};
}

Status DecoderModel::rehearse(const Workload& work, size_t index, const PromptElimination& how) {
  how_ = how;
  read_ = Last::one_row;
  const uint32_t n = work.in;
  if (rehearsal_.layers.empty()) {
    LATFORMER_ASSIGN(rehearsal_, begin(n));
  }
  rehearsal_.truncate(0);
  for (kernels::KeyValueCache& layer : rehearsal_.layers) LATFORMER_TRY(layer.reserve(n));
  std::vector<int32_t> ids(n);
  for (size_t i = 0; i < n; ++i) ids[i] = static_cast<int32_t>(i * 7919 % facts_.vocab_size);  // here and there
  const std::vector<uint32_t> counts(facts_.num_layers, work.out);
  const DecoderInput text{.ids = ids, .positions = {}, .counts = counts, .sequence = &rehearsal_};
  LATFORMER_TRY(prepare({&text, 1}));
  embed(ids, texts_.front().positions, activations_.hidden.data());
  DecoderOutput output;
  switch (work.part) {
    case Workload::Part::words:  // no part of the model
    case Workload::Part::embedding:
      return {};
    case Workload::Part::layer:
      return layer(index);
    case Workload::Part::last_layer:
      return layer(facts_.num_layers - 1);
    case Workload::Part::head:
      texts_.front().positions.resize(1);
      return logits({&output, 1});
  }
  return {};
}

}  // namespace latformer
