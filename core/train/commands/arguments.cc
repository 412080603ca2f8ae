#include "core/train/commands/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/number_text.h"
#include "core/format/quote.h"

namespace latformer::train {
Arguments::Arguments(std::vector<std::string> words, std::initializer_list<std::string_view> flags) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      rest_.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (std::find(flags.begin(), flags.end(), name) != flags.end()) {
      if (equals != word.npos) complain(name + " takes no value");
      options_[name].emplace_back();
    } else if (equals != word.npos) {
      options_[name].push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      options_[name].push_back(words[++i]);
    } else {
      complain(name + " needs a value, or is not known");
    }
  }
}

std::optional<std::string> Arguments::take(std::string_view name) {
  const std::vector<std::string> values = texts(name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) complain(std::string(name) + " is there more than once");
  return values.front();
}

bool Arguments::flag(std::string_view name) { return take(name).has_value(); }

std::string Arguments::text(std::string_view name) {
  std::optional<std::string> value = take(name);
  if (!value) complain(std::string(name) + " is needed");
  return value.value_or("");
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) {
  return take(name).value_or(std::string(otherwise));
}

std::vector<std::string> Arguments::texts(std::string_view name) {
  const auto found = options_.find(name);
  if (found == options_.end()) return {};
  std::vector<std::string> values = std::move(found->second);
  options_.erase(found);
  return values;
}

double Arguments::number(std::string_view name, double otherwise, double least, double most) {
  const std::optional<std::string> value = take(name);
  if (!value) return otherwise;
  const std::optional<double> number = parse_number(*value);
  if (number && *number >= least && *number <= most) return *number;
  complain(std::string(name) + " is " + quote(*value) + ", not a number from " + short_text(least) + " to " +
           short_text(most));
  return otherwise;
}

std::optional<double> Arguments::parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

uint64_t Arguments::whole(std::string_view name, uint64_t otherwise, uint64_t least, uint64_t most) {
  const std::optional<std::string> value = take(name);
  if (!value) return otherwise;
  uint64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [rest, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc() && rest == end && number >= least && number <= most) return number;
  complain(std::string(name) + " is " + quote(*value) + ", not a whole number from " + std::to_string(least) + " to " +
           std::to_string(most));
  return otherwise;
}

void Arguments::instead_of(std::string_view name, std::initializer_list<std::string_view> others) {
  if (!options_.contains(name)) return;
  for (const std::string_view other : others) {
    if (options_.contains(other)) complain(std::string(other) + " has no say beside " + std::string(name));
  }
}

std::vector<std::string> Arguments::rest() { return std::move(rest_); }

void Arguments::complain(const std::string& what) {
  if (complaint_.ok()) complaint_ = invalid_argument(what);
}

Status Arguments::done() {
  if (complaint_.ok() && !options_.empty()) complain("unknown option " + options_.begin()->first);
  if (complaint_.ok() && !rest_.empty()) complain("what is " + quote(rest_.front()) + " for?");
  return complaint_;
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find(',');
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return parts;
}

}  // namespace latformer::train
