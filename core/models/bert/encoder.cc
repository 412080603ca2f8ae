#include "core/models/bert/encoder.h"

#include <utility>

#include "core/models/bert/cost.h"
#include "core/models/bert/model.h"

namespace latformer {

BertEncoderLoader::BertEncoderLoader(const BertConfig& config, std::unique_ptr<Head> head,
                                     std::optional<Precision> precision)
    : config_(config),
      last_(head->reads()),
      max_tokens_(head->max_tokens()),
      weights_(config, std::move(head), precision) {}

EncoderConfig BertEncoderLoader::config() const {
  return {.vocab_size = config_.vocab_size,
          .hidden_size = config_.hidden_size,
          .num_hidden_layers = config_.num_hidden_layers,
          .num_attention_heads = config_.num_attention_heads,
          .intermediate_size = config_.intermediate_size,
          .max_position_embeddings = config_.max_tokens(),
          .problem_type = config_.problem_type,
          .labels = config_.labels};
}

Result<Profile> BertEncoderLoader::profile(std::string_view json) const {
  const uint32_t layers = config_.num_hidden_layers;
  return json.empty() ? Result<Profile>(default_profile(layers)) : parse_profile(json, layers);
}

Cost BertEncoderLoader::cost(const Profile& /*profile*/) const { return cost_of(config_, last_); }

Result<std::unique_ptr<EncoderModel>> BertEncoderLoader::finish(Threads threads, const Profile& /*profile*/) {
  LATFORMER_ASSIGN(BertWeights weights, weights_.finish());
  LATFORMER_ASSIGN(Bert bert, Bert::create(config_, std::move(weights), std::move(threads)));
  return std::unique_ptr<EncoderModel>(std::make_unique<Bert>(std::move(bert)));
}

}  // namespace latformer
