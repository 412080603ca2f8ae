#include "core/models/bert/names.h"

namespace latformer {

std::string BertNames::looked_up(std::string_view stored) const {
  if (stored.starts_with(prefix)) stored.remove_prefix(prefix.size());
  std::string name(stored);
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return name;
}

std::string BertNames::stored(std::string_view name) const {
  return (name.starts_with(std::string(classifier) + ".") ? "" : std::string(prefix)) + std::string(name);
}

}  // namespace latformer
