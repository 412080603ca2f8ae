#include "core/train/modules/model_folder.h"

#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/files/files.h"
#include "core/format/quote.h"
#include "core/format/weights.h"
#include "core/tasks/model_files.h"
#include "core/train/data/random.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"
#include "core/train/modules/weight_file.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

constexpr double kInitializerRange = 0.02;

// Those that bert_module.h computes as the core does.
Status check_is_trained(const BertConfig& config) {
  const std::string_view type = config.architecture->model_type;
  if (type == "bert" || type == "distilbert") return check_head(config, BertHead::texts);
  return unsupported_model("config.json: model_type is " + quote(type) +
                           ", but only \"bert\" and \"distilbert\" can be trained");
}

Result<std::string> read_if_there(const fs::path& path) { return is_file(path) ? read_file(path) : std::string(); }

torch::Tensor new_tensor(const std::string& name, const std::vector<uint64_t>& shape, uint64_t seed) {
  const std::vector<int64_t> sizes(shape.begin(), shape.end());
  torch::Tensor tensor = torch::zeros(sizes, torch::kFloat);
  if (name.ends_with(".bias")) return tensor;
  Random random(seed, name);
  float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(kInitializerRange * random.normal());
  return tensor;
}

bool is_of(const std::string& name, std::string_view module) { return name.starts_with(std::string(module) + "."); }

Status write_weights(const std::map<std::string, torch::Tensor>& weights, const BertConfig& config,
                     const fs::path& path, const ExportOptions& options) {
  const BertArchitecture& architecture = *config.architecture;
  const bool is_bare = config.problem_type == ProblemType::embedding;  // an encoder by itself has no prefix
  std::map<std::string, torch::Tensor> stored;
  for (const auto& [name, tensor] : weights) {
    const bool decides = is_of(name, architecture.modules.classifier);
    stored[is_bare ? name : architecture.stored(name)] =
        decides ? tensor.detach() / options.temperature : tensor.detach();
  }
  return write_tensors(path, stored, options.dtype);
}

}  // namespace

Result<FolderTexts> FolderTexts::read(const fs::path& folder) {
  FolderTexts all;
  all.texts.resize(kModelFiles.size());
  for (size_t i = 0; i < kModelFiles.size(); ++i) {
    const auto& [name, text] = kModelFiles[i];
    LATFORMER_ASSIGN(all.texts[i], read_if_there(folder / name));
    all.files.*text = all.texts[i];
  }
  return all;
}

Result<ModelFolder> ModelFolder::open(const fs::path& path) {
  LATFORMER_ASSIGN(std::string config_json, read_file(path / "config.json"));
  LATFORMER_ASSIGN(BertConfig config, parse_bert_config(config_json));
  LATFORMER_TRY(check_is_trained(config));
  LATFORMER_ASSIGN(const FolderTexts texts, FolderTexts::read(path));
  LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(texts.files, config.vocab_size));
  std::optional<Profile> profile;
  LATFORMER_ASSIGN(const std::string profile_json, read_if_there(path / "profile.json"));
  if (!profile_json.empty()) {
    LATFORMER_ASSIGN(profile, parse_profile(profile_json, config.num_hidden_layers));
  }
  LATFORMER_ASSIGN(const WeightFile file, WeightFile::open(path / "model.safetensors"));
  LATFORMER_ASSIGN(const WeightIndex index, WeightIndex::create(file.header, config.architecture->rename()));
  const bool has_classifier = index.contains(std::string(config.architecture->modules.classifier) + ".weight");
  return ModelFolder{path, std::move(config), std::move(config_json), std::move(tokenizer), profile, has_classifier};
}

Result<SentenceSettings> ModelFolder::sentences() const {
  LATFORMER_ASSIGN(const FolderTexts texts, FolderTexts::read(path));
  LATFORMER_ASSIGN(SentenceSettings settings, parse_sentence_folder(config, texts.files));
  if (settings.pooling.dense) {  // what is behind it is not the pooled vector's
    settings.normalize = false;
    settings.dimensions = config.hidden_size;
    settings.pooling.dense.reset();
  }
  return settings;
}

Result<std::map<std::string, torch::Tensor>> ModelFolder::weights(const BertConfig& wanted, uint64_t seed) const {
  return guarded([&]() -> Result<std::map<std::string, torch::Tensor>> {
    LATFORMER_ASSIGN(WeightFile file, WeightFile::open(path / "model.safetensors"));
    LATFORMER_ASSIGN(const WeightIndex index, WeightIndex::create(file.header, config.architecture->rename()));
    std::map<std::string, torch::Tensor> weights;
    for (const auto& [name, shape, may_lack] : bert_tensors(wanted)) {
      const bool of_classifier = is_of(name, config.architecture->modules.classifier);
      const bool fits = !of_classifier || wanted.num_labels() == config.num_labels();
      if (may_lack && (!index.contains(name) || !fits)) {
        if (wanted.problem_type != ProblemType::embedding) weights[name] = new_tensor(name, shape, seed);
        continue;
      }
      LATFORMER_ASSIGN(const StoredWeight place, index.find(name, shape));
      LATFORMER_ASSIGN(weights[name], file.tensor(place, shape));
    }
    for (const std::string& name : scorer_names(wanted)) {
      if (!index.contains(name)) continue;
      const std::vector<uint64_t> shape = {wanted.hidden_size};
      LATFORMER_ASSIGN(const StoredWeight place, index.find(name, shape));
      LATFORMER_ASSIGN(weights[name], file.tensor(place, shape));
    }
    return weights;
  });
}

Status can_export(const ModelFolder& source, const BertConfig& config, const fs::path& target,
                  const ExportOptions& options) {
  LATFORMER_TRY(StagedFolder::create(target, options.force).status());
  return exported_config(source.config_json, config, options.dtype).status();
}

Status export_model(const ModelFolder& source, const BertConfig& config,
                    const std::map<std::string, torch::Tensor>& weights, const std::optional<Profile>& profile,
                    const fs::path& target, const ExportOptions& options) {
  return guarded([&]() -> Status {
    LATFORMER_ASSIGN(StagedFolder folder, StagedFolder::create(target, options.force));
    LATFORMER_TRY(copy_if_there(kTokenizerFiles, source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kVocabularyFiles, source.path, folder.path()));
    LATFORMER_TRY(copy_if_there(kLicenceFiles, source.path, folder.path()));
    if (config.problem_type == ProblemType::embedding) {
      LATFORMER_TRY(copy_if_there(kSentenceFiles, source.path, folder.path()));
    }
    LATFORMER_ASSIGN(const std::string config_json, exported_config(source.config_json, config, options.dtype));
    LATFORMER_TRY(write_file(folder.path() / "config.json", config_json));
    if (profile) LATFORMER_TRY(write_file(folder.path() / "profile.json", profile_json(*profile)));
    LATFORMER_TRY(write_weights(weights, config, folder.path() / "model.safetensors", options));
    return folder.publish();
  });
}

}  // namespace latformer::train
