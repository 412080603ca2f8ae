#include "core/models/shared_weights.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace latformer {

// Those that are not ready belong to the one who loads them.
struct WeightShare::Weights {
  std::optional<ReadyWeights> ready;  // set once, under the registry's mutex; whoever joined afterwards needs none
};

struct WeightShare::Registry {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Weights>> by_key;
};

WeightShare::Registry& WeightShare::registry() {
  static Registry all;
  return all;
}

std::shared_ptr<WeightShare> WeightShare::join(const std::string& key) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::weak_ptr<Weights>& known = all.by_key[key];
  std::shared_ptr<Weights> weights = known.lock();
  if (weights && !weights->ready) return nullptr;
  if (!weights) known = weights = std::make_shared<Weights>();
  return std::shared_ptr<WeightShare>(new WeightShare(key, std::move(weights)));
}

WeightShare::WeightShare(std::string key, std::shared_ptr<Weights> weights)
    : key_(std::move(key)), weights_(std::move(weights)) {}

WeightShare::~WeightShare() {
  weights_.reset();
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto known = all.by_key.find(key_);
  if (known != all.by_key.end() && known->second.expired()) all.by_key.erase(known);
}

const ReadyWeights* WeightShare::ready() const { return weights_->ready ? &*weights_->ready : nullptr; }

void WeightShare::publish(ReadyWeights weights) {
  const std::lock_guard lock(registry().mutex);
  weights_->ready = std::move(weights);
}

}  // namespace latformer
