// BERT, or a sibling of it, with a task's head: the loader that tasks know.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/models/bert/config.h"
#include "core/models/bert/weights.h"
#include "core/models/encoder_model.h"
#include "core/models/head.h"

namespace latformer {

class BertEncoderLoader final : public EncoderModelLoader {
 public:
  BertEncoderLoader(const BertConfig& config, std::unique_ptr<Head> head, std::optional<Precision> precision);

  EncoderConfig config() const override;
  std::optional<uint32_t> max_tokens() const override { return max_tokens_; }
  Result<Profile> profile(std::string_view json) const override;
  Cost cost(const Profile& profile) const override;
  WeightReader& reader() override { return weights_.reader(); }
  Result<std::unique_ptr<EncoderModel>> finish(Threads threads, const Profile& profile) override;

 private:
  BertConfig config_;
  Last last_;
  std::optional<uint32_t> max_tokens_;
  BertLoader weights_;
};

}  // namespace latformer
