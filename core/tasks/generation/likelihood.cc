#include "core/tasks/generation/likelihood.h"

#include <algorithm>
#include <cmath>

namespace latformer {
namespace {

double log_probability(std::span<const float> logits, int32_t token) {
  const double highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  return logits[static_cast<size_t>(token)] - highest - std::log(sum);
}

}  // namespace

Result<PromptReading> PromptReading::create(DecoderModel& model, const PromptElimination& how, const PromptPlan& plan) {
  constexpr uint32_t kMore = 64;  // tokens that are held to it without the caches growing
  PromptReading reading;
  reading.model_ = &model;
  LATFORMER_ASSIGN(reading.sequence_, model.begin(static_cast<uint32_t>(plan.ids.size()), plan.counts, kMore));
  const DecoderInput prompt{
      .ids = plan.ids, .positions = plan.positions, .counts = plan.counts, .sequence = &reading.sequence_};
  LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model.run({&prompt, 1}, how));
  reading.logits_ = std::move(outputs.front().logits);
  return reading;
}

Result<std::vector<double>> PromptReading::log_likelihoods(std::span<const int32_t> tokens) {
  std::vector<double> result = {log_probability(logits_, tokens.front())};
  if (tokens.size() == 1) return result;
  std::vector<size_t> rows;
  rows.reserve(sequence_.layers.size());
  for (const kernels::KeyValueCache& layer : sequence_.layers) rows.push_back(layer.rows());
  const uint32_t position = sequence_.next_position;
  const DecoderInput behind{
      .ids = tokens.first(tokens.size() - 1), .positions = {}, .counts = {}, .sequence = &sequence_};
  LATFORMER_ASSIGN(const std::vector<DecoderOutput> outputs, model_->run({&behind, 1}, {}, Last::all_rows));
  const size_t vocabulary = model_->facts().vocab_size;
  for (size_t i = 1; i < tokens.size(); ++i) {
    const std::span<const float> row = std::span(outputs.front().logits).subspan((i - 1) * vocabulary, vocabulary);
    result.push_back(log_probability(row, tokens[i]));
  }
  for (size_t l = 0; l < rows.size(); ++l) sequence_.layers[l].truncate(rows[l]);
  sequence_.next_position = position;
  return result;
}

}  // namespace latformer
