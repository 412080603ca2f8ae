#include "core/train/modules/module.h"

#include <algorithm>
#include <utility>

#include "core/train/modules/torch.h"

namespace latformer::train {

Module::Module(ModuleConfig config, std::map<std::string, torch::Tensor> weights)
    : config_(std::move(config)), weights_(std::move(weights)) {
  for (auto& [name, tensor] : weights_) tensor.set_requires_grad(true);
}

void Module::to(torch::Device device) {
  for (auto& [name, tensor] : weights_) {
    const bool learns = tensor.requires_grad();
    tensor = tensor.detach().to(device).set_requires_grad(learns);
  }
}

bool Module::has_scorers() const {
  return std::any_of(weights_.begin(), weights_.end(), [](const auto& weight) { return is_scorer(weight.first); });
}

void Module::freeze_embeddings() {
  for (auto& [name, tensor] : weights_) {
    if (name.starts_with("embeddings.")) tensor.set_requires_grad(false);
  }
}

torch::Tensor Module::linear_in_float(const std::string& name, const torch::Tensor& x) const {
  return torch::linear(x.to(torch::kFloat), weight(name + ".weight"), weight(name + ".bias"));
}

torch::Tensor Module::linear(const std::string& prefix, std::initializer_list<std::string_view> names,
                             const torch::Tensor& x) const {
  const bool has_bias = weights_.contains(prefix + std::string(*names.begin()) + ".bias");
  return torch::linear(x.to(compute_), cast(prefix, names, ".weight"),
                       has_bias ? cast(prefix, names, ".bias") : torch::Tensor());
}

torch::Tensor Module::cast(const std::string& prefix, std::initializer_list<std::string_view> names,
                           const char* kind) const {
  std::string key = prefix;
  for (const std::string_view name : names) key += std::string(name) + "|";
  key += kind;
  if (const auto known = casts_.find(key); known != casts_.end()) return known->second;
  std::vector<torch::Tensor> parts;
  for (const std::string_view name : names) {
    parts.push_back(weight(prefix + std::string(name) + kind).to(compute_));
  }
  // Neither a cast nor a concatenation keeps anything for going backward, so that several passes may go through it.
  const torch::Tensor whole = parts.size() == 1 ? parts.front() : torch::cat(parts);
  if (casting_) casts_.emplace(std::move(key), whole);
  return whole;
}

}  // namespace latformer::train
