#include "core/tasks/generation/beam_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace latformer {

BeamText::BeamText(DecoderModel& model, const PromptElimination& how, const GenerationOptions& options,
                   std::span<const int32_t> end_tokens, std::span<const int32_t> prompt, PromptPlan plan, Stops stops)
    : model_(&model),
      how_(how),
      options_(options),
      end_tokens_(options.ignore_end ? std::span<const int32_t>() : end_tokens),
      prompt_(prompt.begin(), prompt.end()),
      plan_(std::move(plan)),
      stops_(std::move(stops)),
      search_(options.beams, end_tokens_.size(), [this](std::span<const int32_t> tokens) { return ends(tokens); }) {}

bool BeamText::ends(std::span<const int32_t> tokens) const {
  const uint32_t last = plan_.positions.empty() ? static_cast<uint32_t>(plan_.ids.size()) : plan_.positions.back() + 1;
  return std::ranges::find(end_tokens_, tokens.back()) != end_tokens_.end() ||
         tokens.size() >= options_.max_new_tokens || last + tokens.size() > model_->facts().max_positions ||
         (stops_ && stops_(tokens));
}

Status BeamText::step() {
  if (sequences_.empty()) return read();
  const auto& beams = search_.running();
  std::vector<DecoderInput> inputs;
  inputs.reserve(beams.size());
  for (size_t i = 0; i < beams.size(); ++i) {
    inputs.push_back(
        {.ids = std::span(beams[i].tokens).last(1), .positions = {}, .counts = {}, .sequence = &sequences_[i]});
  }
  LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->run(inputs, how_));
  std::vector<std::vector<float>> logits;
  logits.reserve(outputs.size());
  for (DecoderOutput& output : outputs) logits.push_back(std::move(output.logits));
  return advance(logits);
}

// A layer more of the prompt.
Status BeamText::read() {
  const uint32_t more = std::min(options_.max_new_tokens, model_->facts().max_positions);
  if (!prompt_sequence_) {
    const auto tokens = static_cast<uint32_t>(plan_.ids.size());
    LATFORMER_ASSIGN(prompt_sequence_, model_->begin(tokens, plan_.counts, std::min(more, 256U)));
    const DecoderInput input{
        .ids = plan_.ids, .positions = plan_.positions, .counts = plan_.counts, .sequence = &*prompt_sequence_};
    LATFORMER_TRY(model_->start({&input, 1}, how_));
  }
  LATFORMER_TRY(model_->step());
  if (!model_->done()) return {};
  LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->finish());
  for (const kernels::KeyValueCache& layer : prompt_sequence_->layers) {
    rows_.push_back(static_cast<uint32_t>(layer.rows()));
  }
  if (!plan_.counts.empty()) kept_ = std::move(outputs.front().kept_positions);
  sequences_.push_back(*std::exchange(prompt_sequence_, {}));
  for (uint32_t i = 1; i < options_.beams.num_beams; ++i) {
    LATFORMER_ASSIGN(Sequence copy, model_->copy(sequences_.front(), std::min(more, 256U)));
    sequences_.push_back(std::move(copy));
  }
  std::vector<std::vector<float>> logits(options_.beams.num_beams, outputs.front().logits);
  return advance(logits);
}

Status BeamText::advance(std::span<std::vector<float>> logits) {
  SamplingOptions penalty;  // of the sampling options, the one that counts
  penalty.repetition_penalty = options_.sampling.repetition_penalty;
  std::vector<float> log_probs;
  std::vector<int32_t> text;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::ranges::all_of(logits[i], [](float value) { return std::isfinite(value); })) {
      return bad_model("model.safetensors: its weights give a text logits that are not finite");
    }
    log_softmax(logits[i]);
    text = prompt_;
    const std::vector<int32_t>& tokens = search_.running()[i].tokens;
    text.insert(text.end(), tokens.begin(), tokens.end());
    Sampler(penalty).process(text, logits[i]);
    log_probs.insert(log_probs.end(), logits[i].begin(), logits[i].end());
  }
  const std::vector<uint32_t> from = search_.step(log_probs);
  if (search_.done()) return {};

  std::vector<Sequence> next;
  std::vector<size_t> left(sequences_.size());  // beams that still want this one
  for (const uint32_t i : from) ++left[i];
  for (const uint32_t i : from) {
    if (--left[i] == 0) {
      next.push_back(std::move(sequences_[i]));
      continue;
    }
    LATFORMER_ASSIGN(Sequence copy, model_->copy(sequences_[i], 64));
    next.push_back(std::move(copy));
  }
  sequences_ = std::move(next);
  return {};
}

size_t BeamText::cache_bytes() const {
  size_t sum = 0;
  for (const Sequence& sequence : sequences_) sum += sequence.bytes();
  return sum;
}

}  // namespace latformer
