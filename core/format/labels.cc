#include "core/format/labels.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/number_text.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr int64_t kMostLabels = 1 << 16;

// 0, 1, ... without sign or leading zeros.
std::optional<uint32_t> parse_id(std::string_view text) {
  if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t id = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    id = 10 * id + static_cast<uint32_t>(c - '0');
  }
  return id;
}

// As Python shows a value that is no string.
Result<std::string> label_of(const JsonValue& value) {
  if (value.is_bool()) {
    LATFORMER_ASSIGN(const bool is_true, value.boolean());
    return std::string(is_true ? "True" : "False");
  }
  if (!value.is_number()) {
    LATFORMER_ASSIGN(const std::string_view text, value.string());
    return std::string(text);
  }
  if (const Result<int64_t> whole = value.integer(INT64_MIN, INT64_MAX); whole.ok()) return std::to_string(*whole);
  LATFORMER_ASSIGN(const double number, value.number());
  const std::string text = exact_text(number);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// Collects names under ids that must turn out to be 0 .. count - 1, each once.
class LabelsById {
 public:
  LabelsById(const JsonValue& source, size_t count) : source_(source), labels_(count), seen_(count, false) {}

  Status add(uint32_t id, std::string_view label) {
    if (id >= labels_.size()) return source_.fault("leaves out ids between 0 and " + std::to_string(id));
    if (seen_[id]) return source_.fault("has the id " + std::to_string(id) + " twice");
    labels_[id] = label;
    seen_[id] = true;
    return {};
  }
  std::vector<std::string> take() { return std::move(labels_); }

 private:
  const JsonValue source_;
  std::vector<std::string> labels_;
  std::vector<bool> seen_;
};

}  // namespace

std::string_view name_of(ProblemType type) {
  switch (type) {
    case ProblemType::single_label:
      return "single_label_classification";
    case ProblemType::multi_label:
      return "multi_label_classification";
    case ProblemType::regression:
      return "regression";
    case ProblemType::embedding:
      return "embedding";
  }
  return "";
}

Result<std::vector<std::string>> parse_labels(const JsonValue& config) {
  const JsonValue num_labels = config["num_labels"];
  LATFORMER_ASSIGN(const int64_t count, num_labels.integer_or(0, 1, kMostLabels));
  const bool by_id = config["id2label"].given();
  const JsonValue source = by_id ? config["id2label"] : config["label2id"];

  if (!source.given()) {
    std::vector<std::string> names(count > 0 ? static_cast<size_t>(count) : 2);
    for (size_t i = 0; i < names.size(); ++i) names[i] = "LABEL_" + std::to_string(i);
    return names;
  }
  LATFORMER_ASSIGN(const JsonObject members, source.object());
  if (members.size() == 0) return source.fault("is empty");
  if (members.size() > kMostLabels) return source.fault("has more than " + std::to_string(kMostLabels) + " labels");
  if (count > 0 && members.size() != static_cast<size_t>(count)) {
    return source.fault("has " + std::to_string(members.size()) + " labels, but num_labels is " +
                        std::to_string(count));
  }
  LabelsById labels(source, members.size());
  for (const JsonMember member : members) {
    if (by_id) {
      const std::optional<uint32_t> id = parse_id(member.key);
      if (!id) return source.fault("has the key " + quote(member.key) + ", which is no id");
      LATFORMER_ASSIGN(const std::string label, label_of(member.value));
      LATFORMER_TRY(labels.add(*id, label));
    } else {
      LATFORMER_ASSIGN(const std::string text, label_of(member.value));
      const std::optional<uint32_t> id = parse_id(text);
      if (!id) return member.value.fault("is no id");
      LATFORMER_TRY(labels.add(*id, member.key));
    }
  }
  return labels.take();
}

Result<ProblemType> parse_problem_type(const JsonValue& config, size_t num_labels) {
  const JsonValue value = config["problem_type"];
  if (!value.given()) return num_labels == 1 ? ProblemType::multi_label : ProblemType::single_label;
  LATFORMER_ASSIGN(const std::string_view name, value.string());
  for (const ProblemType type : {ProblemType::single_label, ProblemType::multi_label, ProblemType::regression}) {
    if (name != name_of(type)) continue;
    if (type == ProblemType::single_label && num_labels == 1) {
      return value.fault("is \"single_label_classification\", but there is one label only");
    }
    return type;
  }
  return value.unsupported("is " + quote(name) +
                           ", not \"single_label_classification\", \"multi_label_classification\" or \"regression\"");
}

}  // namespace latformer
