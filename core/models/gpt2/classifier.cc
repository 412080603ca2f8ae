#include "core/models/gpt2/classifier.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/format/json.h"
#include "core/format/labels.h"
#include "core/models/decoder/loader.h"

namespace latformer {
namespace {

class Gpt2Classifier final : public EncoderModel {
 public:
  Gpt2Classifier(std::unique_ptr<DecoderModel> model, const PromptElimination& how, std::optional<int32_t> pad)
      : model_(std::move(model)), how_(how), pad_(pad) {}

  Status start(std::span<const EncoderInput> texts, Dropped /*dropped*/) override {
    std::vector<DecoderInput> inputs;
    sequences_.clear();
    sequences_.reserve(texts.size());  // inputs point to them
    for (const EncoderInput& text : texts) {
      const std::span<const int32_t> ids = text.ids.first(read_of(text.ids));
      LATFORMER_ASSIGN(Sequence sequence, model_->begin(static_cast<uint32_t>(ids.size()), text.counts));
      sequences_.push_back(std::move(sequence));
      inputs.push_back({.ids = ids, .positions = {}, .counts = text.counts, .sequence = &sequences_.back()});
    }
    return model_->start(inputs, how_);
  }

  bool done() const override { return model_->done(); }
  Status step() override { return model_->step(); }

  Result<std::vector<EncoderOutput>> finish() override {
    LATFORMER_ASSIGN(std::vector<DecoderOutput> outputs, model_->finish());
    sequences_.clear();
    std::vector<EncoderOutput> results;
    for (DecoderOutput& output : outputs) {
      EncoderOutput& result = results.emplace_back();
      result.result = std::move(output.logits);
      for (const auto& kept : output.kept_positions) {
        result.tokens_per_layer.push_back(static_cast<uint32_t>(kept.size()));
      }
      result.kept_positions = std::move(output.kept_positions);
    }
    return results;
  }

  Precision precision() const override { return model_->precision(); }

  Status rehearse(const Workload& work, size_t index, Dropped /*dropped*/) override {
    return model_->rehearse(work, index, how_);
  }

 private:
  // How many tokens the answer follows from: transformers takes the first of all where each is padding.
  size_t read_of(std::span<const int32_t> ids) const {
    size_t count = ids.size();
    if (!pad_) return count;
    while (count > 0 && ids[count - 1] == *pad_) --count;
    return count > 0 ? count : std::min<size_t>(1, ids.size());
  }

  std::unique_ptr<DecoderModel> model_;
  PromptElimination how_;
  std::optional<int32_t> pad_;
  std::vector<Sequence> sequences_;  // of the texts that were started
};

EncoderConfig encoder_config_of(const Gpt2Config& model) {
  return {.vocab_size = model.vocab_size,
          .hidden_size = model.n_embd,
          .num_hidden_layers = model.n_layer,
          .num_attention_heads = model.n_head,
          .intermediate_size = model.n_inner,
          .max_position_embeddings = model.n_positions,
          .problem_type = ProblemType::single_label,
          .labels = {}};
}

}  // namespace

Gpt2ClassifierLoader::Gpt2ClassifierLoader(EncoderConfig config, const Gpt2Config& model, std::optional<int32_t> pad,
                                           std::optional<Precision> precision)
    : config_(std::move(config)), pad_(pad), weights_(model, precision) {}

Result<std::unique_ptr<EncoderModelLoader>> Gpt2ClassifierLoader::create(std::string_view config_json,
                                                                         std::optional<Precision> precision) {
  LATFORMER_ASSIGN(Gpt2Config model, parse_gpt2_config(config_json, Gpt2Use::classification));
  EncoderConfig config = encoder_config_of(model);
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config.json", config_json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_ASSIGN(config.labels, parse_labels(root));
  LATFORMER_ASSIGN(config.problem_type, parse_problem_type(root, config.num_labels()));
  model.num_labels = config.num_labels();
  std::optional<int32_t> pad;
  if (root["pad_token_id"].given()) {
    LATFORMER_ASSIGN(const int64_t id, root["pad_token_id"].integer(0, std::numeric_limits<int32_t>::max()));
    pad = static_cast<int32_t>(id);
  }
  LATFORMER_TRY(check_room(model.facts(), precision));
  return std::unique_ptr<EncoderModelLoader>(new Gpt2ClassifierLoader(std::move(config), model, pad, precision));
}

Result<Profile> Gpt2ClassifierLoader::profile(std::string_view json) const {
  return json.empty() ? Result<Profile>(default_decoder_profile(config_.num_hidden_layers))
                      : parse_decoder_profile(json, config_.num_hidden_layers);
}

Cost Gpt2ClassifierLoader::cost(const Profile& profile) const { return cost_of(weights_.facts(), profile.prompt); }

Result<std::unique_ptr<EncoderModel>> Gpt2ClassifierLoader::finish(Threads threads, const Profile& profile) {
  LATFORMER_ASSIGN(std::unique_ptr<DecoderModel> model, weights_.finish(std::move(threads)));
  return std::unique_ptr<EncoderModel>(std::make_unique<Gpt2Classifier>(std::move(model), profile.prompt, pad_));
}

}  // namespace latformer
