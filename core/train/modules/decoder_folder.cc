#include "core/train/modules/decoder_folder.h"

#include <cmath>
#include <utility>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/train/data/random.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/model_folder.h"
#include "core/train/modules/torch.h"
#include "core/train/modules/weight_file.h"

namespace latformer::train {
namespace {

constexpr double kDeviation = 0.02;

std::string prefix_of(const DecoderConfig& config) {
  return std::holds_alternative<Gpt2Config>(config) ? "transformer." : "model.";
}

std::string stored_name(const DecoderConfig& config, const std::string& name) {
  return name.starts_with("lm_head.") ? name : prefix_of(config) + name;
}

torch::Tensor new_decoder_tensor(const DecoderTensor& tensor, uint32_t layers, uint64_t seed) {
  const std::vector<int64_t> sizes(tensor.shape.begin(), tensor.shape.end());
  if (tensor.name.ends_with(".bias")) return torch::zeros(sizes, torch::kFloat);
  if (tensor.shape.size() == 1) return torch::ones(sizes, torch::kFloat);  // of a norm
  bool is_residual = false;
  for (const char* name : {"c_proj.", "o_proj.", "down_proj."})
    is_residual |= tensor.name.find(name) != std::string::npos;
  const double deviation = kDeviation / (is_residual ? std::sqrt(2.0 * layers) : 1);
  torch::Tensor values = torch::empty(sizes, torch::kFloat);
  Random random(seed, tensor.name);
  float* at = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) at[i] = static_cast<float>(deviation * random.normal());
  return values;
}

}  // namespace

Result<DecoderFolder> DecoderFolder::open(const std::filesystem::path& path) {
  LATFORMER_ASSIGN(const FolderTexts texts, FolderTexts::read(path));
  if (texts.files.config_json.empty()) return bad_model(path.string() + ": config.json is missing");
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config.json", texts.files.config_json, {.max_bytes = 16 << 20}));
  LATFORMER_ASSIGN(const std::string_view type, document.root()["model_type"].string());
  DecoderConfig config;
  if (type == "gpt2") {
    LATFORMER_ASSIGN(config, parse_gpt2_config(texts.files.config_json));
  } else {
    LATFORMER_ASSIGN(config, parse_llama_config(texts.files.config_json));
  }
  if (std::visit([](const auto& model) { return model.quantized; }, config)) {
    return unsupported_model("config.json: the weights are integers; train the model that they were made of");
  }
  const DecoderFacts facts = facts_of(config);
  LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(texts.files, facts.vocab_size));
  std::optional<Profile> profile;
  if (!texts.files.profile_json.empty()) {
    LATFORMER_ASSIGN(profile, parse_decoder_profile(texts.files.profile_json, facts.num_layers));
  }
  const bool has_weights = is_file(path / "model.safetensors");
  return DecoderFolder{path, std::move(config), std::move(tokenizer), std::move(profile), has_weights};
}

Result<std::map<std::string, torch::Tensor>> DecoderFolder::weights(uint64_t seed, bool scorers) const {
  return guarded([&]() -> Result<std::map<std::string, torch::Tensor>> {
    std::map<std::string, torch::Tensor> weights;
    const DecoderFacts facts = facts_of(config);
    const int64_t d = facts.hidden_size;
    if (!has_weights) {
      for (const DecoderTensor& tensor : decoder_tensors(config)) {
        weights[tensor.name] = new_decoder_tensor(tensor, facts.num_layers, seed);
      }
    } else {
      LATFORMER_ASSIGN(WeightFile file, WeightFile::open(path / "model.safetensors"));
      const std::string prefix = prefix_of(config);
      LATFORMER_ASSIGN(const WeightIndex index, WeightIndex::create(file.header, [&](std::string_view stored) {
                         if (stored.starts_with(prefix)) stored.remove_prefix(prefix.size());
                         return std::string(stored);
                       }));
      for (const DecoderTensor& tensor : decoder_tensors(config)) {
        std::vector<uint64_t> shape = tensor.shape;
        if (tensor.transposed) std::swap(shape.front(), shape.back());
        LATFORMER_ASSIGN(const StoredWeight place, index.find(tensor.name, shape));
        LATFORMER_ASSIGN(const torch::Tensor values, file.tensor(place, shape));
        weights[tensor.name] = tensor.transposed ? values.t().contiguous() : values;
      }
      for (const std::string& name : scorer_names(config)) {
        if (!index.contains(name)) continue;
        const std::vector<uint64_t> shape = {facts.hidden_size};
        LATFORMER_ASSIGN(const StoredWeight place, index.find(name, shape));
        LATFORMER_ASSIGN(weights[name], file.tensor(place, shape));
      }
    }
    for (const std::string& name : scorer_names(config)) {
      if (scorers && !weights.contains(name)) weights[name] = torch::zeros({d}, torch::kFloat);
    }
    return weights;
  });
}

Status export_decoder(const DecoderFolder& source, const std::map<std::string, torch::Tensor>& weights,
                      const std::optional<Profile>& profile, const std::filesystem::path& target, DType dtype,
                      bool force) {
  return guarded([&]() -> Status {
    LATFORMER_ASSIGN(StagedFolder folder, StagedFolder::create(target, force));
    LATFORMER_TRY(copy_if_there("config.json", source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kTokenizerFiles, source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kVocabularyFiles, source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kGenerationFiles, source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kLicenceFiles, source.path, folder.path()));
    if (profile) LATFORMER_TRY(write_file(folder.path() / "profile.json", decoder_profile_json(*profile)));
    std::map<std::string, torch::Tensor> stored;
    for (const auto& [name, tensor] : weights) {
      const bool turned = std::holds_alternative<Gpt2Config>(source.config) && tensor.dim() == 2 &&
                          name.find(".c_") != std::string::npos;
      stored[stored_name(source.config, name)] = turned ? tensor.detach().t() : tensor.detach();
    }
    LATFORMER_TRY(write_tensors(folder.path() / "model.safetensors", stored, dtype));
    return folder.publish();
  });
}

}  // namespace latformer::train
