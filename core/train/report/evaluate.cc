#include "core/train/report/evaluate.h"

#include "core/train/modules/torch.h"
#include "core/train/report/metrics.h"

namespace latformer::train {
namespace {

std::vector<uint32_t> lengths_of(std::span<const Example> examples) {
  std::vector<uint32_t> lengths;
  for (const Example& example : examples) lengths.push_back(static_cast<uint32_t>(example.tokens.ids.size()));
  return lengths;
}

std::vector<const TokenText*> texts_of(std::span<const Example> examples, const Batch& batch) {
  std::vector<const TokenText*> texts;
  for (const uint32_t text : batch) texts.push_back(&examples[text].tokens);
  return texts;
}

}  // namespace

CountsOf counts_at(Scheduler& scheduler, double speedup) {
  return [&scheduler, speedup](uint32_t tokens) { return scheduler.solve(tokens, speedup).counts; };
}

std::vector<std::vector<uint32_t>> counts_of(std::span<const TokenText* const> texts, const CountsOf& counts) {
  std::vector<std::vector<uint32_t>> of_texts;
  for (const TokenText* text : texts) of_texts.push_back(counts(static_cast<uint32_t>(text->ids.size())));
  return of_texts;
}

Result<std::vector<std::vector<float>>> logits_of(const Module& module, std::span<const Example> examples,
                                                  const CountsOf& counts, Dropped dropped, const BatchLimits& limits) {
  const torch::NoGradGuard no_gradients;
  const Module::CastOnce casts(module);
  std::vector<std::vector<float>> logits(examples.size());
  for (const Batch& batch : evaluation_batches(lengths_of(examples), limits)) {
    const std::vector<const TokenText*> texts = texts_of(examples, batch);
    const ForwardOutput output = module.forward(texts, counts_of(texts, counts), {.dropped = dropped});
    const torch::Tensor values = output.logits.to(torch::kCPU, torch::kFloat).contiguous();
    if (!values.isfinite().all().item<bool>()) return bad_model("the model gives a text logits that are not finite");
    const float* row = values.data_ptr<float>();
    for (const uint32_t text : batch) {
      logits[text].assign(row, row + values.size(1));
      row += values.size(1);
    }
  }
  return logits;
}

Result<std::vector<std::vector<float>>> logits_of(const Module& module, std::span<const Example> examples,
                                                  Scheduler& scheduler, double speedup, const BatchLimits& limits) {
  return logits_of(module, examples, counts_at(scheduler, speedup), scheduler.profile().dropped, limits);
}

Result<double> evaluate(const Module& module, std::span<const Example> examples, Scheduler& scheduler, double speedup,
                        const BatchLimits& limits) {
  LATFORMER_ASSIGN(const auto logits, logits_of(module, examples, scheduler, speedup, limits));
  const ProblemType problem = module.config().problem_type;
  std::vector<const std::vector<float>*> targets;
  for (const Example& example : examples) {
    targets.push_back(problem == ProblemType::embedding ? &example.logits : &example.target);
  }
  return metric_of(logits, targets, problem);
}

std::vector<double> contributions_of(const Module& module, std::span<const Example> examples,
                                     const BatchLimits& limits) {
  const torch::NoGradGuard no_gradients;
  Scheduler scheduler(module.config().cost, default_profile(module.config().cost.num_layers));
  std::vector<double> sums(module.config().cost.num_layers, 0);
  for (const Batch& batch : evaluation_batches(lengths_of(examples), limits)) {
    const std::vector<const TokenText*> texts = texts_of(examples, batch);
    const auto counts = counts_of(texts, counts_at(scheduler, 1));
    for (const auto& of_text : module.forward(texts, counts, {.contributions = true}).contributions) {
      for (size_t layer = 0; layer < sums.size(); ++layer) sums[layer] += of_text[layer];
    }
  }
  for (double& sum : sums) sum /= static_cast<double>(examples.size());
  return sums;
}

}  // namespace latformer::train
