#include "core/tasks/generation/continuations.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace latformer {
namespace {

constexpr uint32_t kMostRows = 1024;  // that are read in a step: enough to keep the kernels busy
constexpr uint32_t kPlanned = 256;    // new tokens that caches have room for from the start

size_t shared_prefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Status Continuations::add(std::span<const int32_t> prompt, PromptPlan plan, std::optional<Remembered> remembered) {
  Text text{.ids = {prompt.begin(), prompt.end()},
            .plan = std::move(plan),
            .sequence = {},
            .sampler = Sampler(options_.sampling, texts_.size())};
  // At least one token is to be read: logits follow from it.
  const size_t shared =
      remembered && text.plan.is_whole ? std::min(shared_prefix(remembered->ids, prompt), prompt.size() - 1) : 0;
  if (shared > 0) {
    text.reused = text.read = static_cast<uint32_t>(shared);
    text.sequence = std::move(remembered->sequence);
    text.sequence.truncate(text.reused);
  } else {
    const uint32_t more = std::min({options_.max_new_tokens, kPlanned, model_->facts().max_positions});
    LATFORMER_ASSIGN(text.sequence, model_->begin(static_cast<uint32_t>(text.plan.ids.size()), text.plan.counts, more));
  }
  texts_.push_back(std::move(text));
  return {};
}

bool Continuations::done() const {
  return std::ranges::all_of(texts_, [](const Text& text) { return text.ended; });
}

Result<std::vector<NewToken>> Continuations::step() {
  const bool unread = std::ranges::any_of(texts_, [](const Text& text) { return !text.ended && !text.is_read(); });
  return unread || !reading_.empty() ? read() : go_on();
}

// A layer more of some of the prompts.
Result<std::vector<NewToken>> Continuations::read() {
  if (reading_.empty()) LATFORMER_TRY(start_reading());
  LATFORMER_TRY(model_->step());
  if (!model_->done()) return std::vector<NewToken>{};
  LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->finish());
  const std::vector<size_t> owners = std::exchange(reading_, {});
  std::vector<NewToken> tokens;
  for (size_t i = 0; i < owners.size(); ++i) {
    Text& text = texts_[owners[i]];
    if (!text.is_read()) continue;
    if (!text.slid) {
      text.rows.clear();
      for (const kernels::KeyValueCache& layer : text.sequence.layers) {
        text.rows.push_back(static_cast<uint32_t>(layer.rows()));
      }
      if (!text.plan.counts.empty()) text.kept = std::move(outputs[i].kept_positions);
    }
    LATFORMER_ASSIGN(const NewToken token, take(owners[i], outputs[i].logits));
    tokens.push_back(token);
  }
  return tokens;
}

Status Continuations::start_reading() {
  std::vector<DecoderInput> inputs;
  uint32_t rows = 0;
  for (size_t i = 0; i < texts_.size() && rows < kMostRows; ++i) {
    Text& text = texts_[i];
    if (text.ended || text.is_read()) continue;
    const auto left = static_cast<uint32_t>(text.plan.ids.size()) - text.read;
    const bool at_once = !text.plan.counts.empty();  // what is dropped is decided by the prompt's end
    const uint32_t count = at_once ? left : std::min(left, kMostRows - rows);
    if (at_once && rows > 0 && rows + count > kMostRows) break;
    const std::span<const uint32_t> positions = text.plan.positions;
    inputs.push_back({.ids = std::span(text.plan.ids).subspan(text.read, count),
                      .positions = positions.empty() ? positions : positions.subspan(text.read, count),
                      .counts = text.plan.counts,
                      .sequence = &text.sequence});
    text.read += count;
    reading_.push_back(i);
    rows += count;
  }
  return model_->start(inputs, how_);
}

// One token more of each text.
Result<std::vector<NewToken>> Continuations::go_on() {
  std::vector<DecoderInput> inputs;
  std::vector<size_t> owners;
  for (size_t i = 0; i < texts_.size(); ++i) {
    Text& text = texts_[i];
    if (text.ended) continue;
    if (text.sequence.next_position >= model_->facts().max_positions) {
      LATFORMER_TRY(slide(text));
      continue;
    }
    inputs.push_back({.ids = std::span(text.ids).last(1), .positions = {}, .counts = {}, .sequence = &text.sequence});
    owners.push_back(i);
  }
  if (inputs.empty()) return std::vector<NewToken>{};
  LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->run(inputs, how_));
  std::vector<NewToken> tokens;
  for (size_t i = 0; i < owners.size(); ++i) {
    LATFORMER_ASSIGN(const NewToken token, take(owners[i], outputs[i].logits));
    tokens.push_back(token);
  }
  return tokens;
}

Result<NewToken> Continuations::take(size_t index, std::span<float> logits) {
  if (!std::ranges::all_of(logits, [](float value) { return std::isfinite(value); })) {
    return bad_model("model.safetensors: its weights give a text logits that are not finite");
  }
  Text& text = texts_[index];
  NewToken next{.text = index, .token = text.sampler.next(text.ids, logits)};
  text.ids.push_back(next.token);
  ++text.new_tokens;
  const bool full = text.sequence.next_position >= model_->facts().max_positions;
  if (!options_.ignore_end && std::ranges::find(end_tokens_, next.token) != end_tokens_.end()) {
    next.finish = Finish::end;
  } else if (text.new_tokens >= options_.max_new_tokens || (full && options_.context_limit == ContextLimit::end)) {
    next.finish = Finish::length;
  }
  text.ended = next.finish.has_value();
  return next;
}

// The later half of the text is read again, as a prompt.
Status Continuations::slide(Text& text) {
  const uint32_t half = std::max<uint32_t>(1, model_->facts().max_positions / 2);
  text.plan = {};
  text.plan.ids.assign(text.ids.end() - half, text.ids.end());
  text.read = 0;
  text.slid = true;
  LATFORMER_ASSIGN(text.sequence, model_->begin(model_->facts().max_positions));
  return {};
}

std::optional<Remembered> Continuations::remember() {
  if (texts_.empty()) return {};
  Text& text = texts_.back();
  if (text.slid || !text.plan.is_whole || text.sequence.layers.empty() || !text.sequence.is_whole()) return {};
  text.ids.resize(std::min<size_t>(text.ids.size(), text.sequence.next_position));
  if (text.ids.size() != text.sequence.next_position) return {};
  return Remembered{std::move(text.ids), std::move(text.sequence)};
}

}  // namespace latformer
