// GPT2ForSequenceClassification: GPT-2 whose head tells labels apart, at one token of a text.
//
//   logits = score ln_f(x[last])        last: the last token that is no padding; the very last where none is known
//
// What stands behind it is seen by nobody, and is not computed. Layers drop rows as those of a prompt that is being
// read do, by what the last queries attend to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/models/encoder_model.h"
#include "core/models/gpt2/config.h"
#include "core/models/gpt2/loader.h"

namespace latformer {

class Gpt2ClassifierLoader final : public EncoderModelLoader {
 public:
  // Errors: those of parse_gpt2_config, of labels and of problem_type; out_of_memory.
  static Result<std::unique_ptr<EncoderModelLoader>> create(std::string_view config_json,
                                                            std::optional<Precision> precision);

  EncoderConfig config() const override { return config_; }
  Result<Profile> profile(std::string_view json) const override;
  Cost cost(const Profile& profile) const override;
  WeightReader& reader() override { return weights_.reader(); }
  Result<std::unique_ptr<EncoderModel>> finish(Threads threads, const Profile& profile) override;

 private:
  Gpt2ClassifierLoader(EncoderConfig config, const Gpt2Config& model, std::optional<int32_t> pad,
                       std::optional<Precision> precision);

  EncoderConfig config_;
  std::optional<int32_t> pad_;
  Gpt2Loader weights_;
};

}  // namespace latformer
