#include "core/train/run/settings.h"

#include <algorithm>
#include <set>

namespace latformer::train {

std::string Settings::to_text() const {
  std::string text;
  for (const auto& [name, value] : entries_) text += name + ": " + value + "\n";
  return text;
}

Settings Settings::parse(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const size_t colon = std::min(line.find(": "), line.size());
    settings.entries_.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return settings;
}

std::string Settings::value(std::string_view name) const {
  for (const auto& [known, value] : entries_) {
    if (known == name) return value;
  }
  return {};
}

std::string Settings::changes_since(const Settings& then) const {
  std::set<std::string> told;
  std::string text;
  for (const Settings* settings : {this, &then}) {
    for (const auto& [name, unused] : settings->entries_) {
      const std::string before = then.value(name), now = value(name);
      if (before == now || !told.insert(name).second) continue;
      const auto shown = [](const std::string& value) { return value.empty() ? std::string("nothing") : value; };
      text += "  " + name + ": then " + shown(before) + ", now " + shown(now) + "\n";
    }
  }
  return text;
}

}  // namespace latformer::train
