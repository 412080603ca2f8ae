#include "core/train/data/examples.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/hash.h"
#include "core/format/quote.h"
#include "core/train/data/table.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostLabels = 1000;

std::string list_of(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names.first(std::min<size_t>(names.size(), 20))) {
    text += (text.empty() ? "" : ", ") + quote(name);
  }
  return text + (names.size() > 20 ? ", ..." : "");
}

// Where each part of a text stands among the columns that are read.
struct Chosen {
  std::vector<std::string> columns = {};
  std::optional<size_t> label = {}, pair = {}, logits = {};  // the text is the first one
};

Result<Chosen> choose(const fs::path& path, const ColumnNames& names, const std::vector<std::string>& available) {
  const auto there = [&](const std::string& name) {
    return std::find(available.begin(), available.end(), name) != available.end();
  };
  Chosen chosen;
  const auto add = [&](const std::string& name) {
    chosen.columns.push_back(name);
    return chosen.columns.size() - 1;
  };
  add(!names.text.empty() ? names.text : there("text") ? "text" : "sentence");
  if (!names.label_optional || there(names.label)) chosen.label = add(names.label);
  if (!names.pair.empty()) {
    chosen.pair = add(names.pair);
  } else if (names.text.empty() && there("text_pair")) {
    chosen.pair = add("text_pair");
  }
  if (!names.logits.empty()) chosen.logits = add(names.logits);
  for (const std::string& name : chosen.columns) {
    if (there(name)) continue;
    return invalid_argument(path.string() + ": there is no column " + quote(name) + "; available are " +
                            list_of(available));
  }
  return chosen;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    const std::string_view part = trimmed(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return parts;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

// The id of a label given by its name, or by its number.
Result<size_t> id_of(const std::string& label, const BertConfig& config, const std::string& place) {
  const auto named = std::find(config.labels.begin(), config.labels.end(), label);
  if (named != config.labels.end()) return static_cast<size_t>(named - config.labels.begin());
  const std::optional<double> number = number_of(label);
  if (number && *number >= 0 && *number < config.num_labels() && std::floor(*number) == *number) {
    return static_cast<size_t>(*number);
  }
  return invalid_argument(place + ": the label is " + quote(label) + ", but the model has " + list_of(config.labels));
}

Result<std::vector<float>> target_of(const LabelledText& text, const BertConfig& config) {
  if (!text.is_labelled) return std::vector<float>();
  if (config.problem_type == ProblemType::multi_label) {
    std::vector<float> target(config.num_labels(), 0);
    for (const std::string& label : text.labels) {
      LATFORMER_ASSIGN(const size_t id, id_of(label, config, text.place));
      target[id] = 1;
    }
    return target;
  }
  if (config.problem_type == ProblemType::single_label) {
    if (text.labels.size() != 1) return invalid_argument(text.place + ": one label is needed");
    LATFORMER_ASSIGN(const size_t id, id_of(text.labels[0], config, text.place));
    return std::vector<float>{static_cast<float>(id)};
  }
  std::vector<float> target;
  for (const std::string& label : text.labels) {
    const std::optional<double> number = number_of(label);
    if (!number) return invalid_argument(text.place + ": the label is " + quote(label) + ", not a number");
    target.push_back(static_cast<float>(*number));
  }
  if (target.size() == config.num_labels()) return target;
  return invalid_argument(text.place + ": there are " + std::to_string(target.size()) + " values, not " +
                          std::to_string(config.num_labels()));
}

}  // namespace

Result<std::vector<LabelledText>> read_labelled_texts(std::span<const fs::path> files, const ColumnNames& columns,
                                                      ProblemType problem) {
  std::vector<LabelledText> texts;
  for (const fs::path& file : files) {
    Chosen chosen;
    LATFORMER_ASSIGN(
        Table table,
        Table::read(file, [&](const std::vector<std::string>& available) -> Result<std::vector<std::string>> {
          LATFORMER_ASSIGN(chosen, choose(file, columns, available));
          return chosen.columns;
        }));
    if (table.rows.empty()) return invalid_argument(file.string() + ": holds no text");
    for (Table::Row& row : table.rows) {
      LabelledText text;
      text.place = file.string() + ":" + std::to_string(row.line);
      const auto single = [&](size_t column) -> Result<std::string> {
        std::vector<std::string>& values = row.fields[column].values;
        if (values.size() == 1) return std::move(values[0]);
        return invalid_argument(text.place + ": a list stands where a text is wanted");
      };
      LATFORMER_ASSIGN(text.text, single(0));
      text.is_labelled = chosen.label.has_value();
      if (chosen.label) {
        const Table::Field& label = row.fields[*chosen.label];
        const bool parted = problem == ProblemType::multi_label && !label.is_list;
        if (parted) text.labels = split(label.values[0], columns.label_separator);
        for (const std::string& value : parted ? std::vector<std::string>() : label.values) {
          text.labels.emplace_back(trimmed(value));
        }
        if (std::find(text.labels.begin(), text.labels.end(), "") != text.labels.end()) {
          return invalid_argument(text.place + ": the label is empty");
        }
      }
      if (chosen.pair) {
        LATFORMER_ASSIGN(text.pair, single(*chosen.pair));
      }
      if (chosen.logits) {
        const Table::Field& logits = row.fields[*chosen.logits];
        for (const std::string& value : logits.is_list ? logits.values : split(logits.values[0], ' ')) {
          const std::optional<double> number = number_of(value);
          if (!number) return invalid_argument(text.place + ": of the logits " + quote(value) + " is not a number");
          text.logits.push_back(static_cast<float>(*number));
        }
      }
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

Status check_classes(std::span<const LabelledText> texts, ProblemType problem) {
  if (problem == ProblemType::multi_label) return {};
  for (const LabelledText& text : texts) {
    if (text.labels != texts.front().labels) return {};
  }
  return invalid_argument("all texts have the same label: there is nothing to learn");
}

Classes classes_of(std::span<const LabelledText> texts) {
  std::map<std::string, size_t> counts;
  for (const LabelledText& text : texts) {
    for (const std::string& label : text.labels) ++counts[label];
  }
  Classes classes{.counts = {counts.begin(), counts.end()}, .warnings = {}};
  std::map<std::string, std::string> alike;  // without case and spaces -> the first label that is so
  for (const auto& [label, count] : counts) {
    std::string plain;
    for (const char c : label) {
      if (c != ' ' && c != '\t') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto [first, is_new] = alike.try_emplace(plain, label);
    if (!is_new) {
      classes.warnings.push_back("the labels " + quote(first->second) + " and " + quote(label) +
                                 " differ by case or spaces alone, but are two classes");
    }
    if (count < 5 && texts.size() >= 100) {
      classes.warnings.push_back("only " + std::to_string(count) + " of " + std::to_string(texts.size()) +
                                 " texts have the label " + quote(label));
    }
  }
  return classes;
}

Result<std::vector<std::string>> labels_of(std::span<const LabelledText> texts, ProblemType problem) {
  if (problem == ProblemType::regression) return std::vector<std::string>{"LABEL_0"};
  std::set<std::string> names;
  for (const LabelledText& text : texts) names.insert(text.labels.begin(), text.labels.end());
  if (names.empty()) return invalid_argument("no text has a label");
  if (names.size() > kMostLabels) {
    return invalid_argument("there are " + std::to_string(names.size()) + " different labels; at most " +
                            std::to_string(kMostLabels) + " can be told apart. Is it a number? Then say --problem " +
                            "regression");
  }
  const auto has_decimals = [](const std::string& name) {
    const std::optional<double> number = number_of(name);
    return number && std::floor(*number) != *number;
  };
  if (const auto decimal = std::find_if(names.begin(), names.end(), has_decimals); decimal != names.end()) {
    return invalid_argument("there are labels with decimals, such as " + quote(*decimal) +
                            ": each would be a class of its own. Numbers to learn are --problem regression; if they "
                            "are classes all the same, name them by --labels");
  }
  std::vector<std::string> labels(names.begin(), names.end());
  std::vector<std::string> numbered(labels.size());
  for (const std::string& label : labels) {
    const std::optional<double> number = number_of(label);
    if (!number || *number < 0 || std::floor(*number) != *number || *number >= kMostLabels) return labels;
    const auto id = static_cast<size_t>(*number);
    if (id >= numbered.size()) numbered.resize(id + 1);
    numbered[id] = "LABEL_" + std::to_string(id);
  }
  for (size_t id = 0; id < numbered.size(); ++id) {
    if (numbered[id].empty()) {
      return invalid_argument("labels are numbers up to " + std::to_string(numbered.size() - 1) + ", but no text has " +
                              std::to_string(id));
    }
  }
  return numbered;
}

Result<std::vector<Example>> encode_examples(std::span<const LabelledText> texts, const Tokenizer& tokenizer,
                                             const BertConfig& config, size_t max_tokens) {
  std::vector<Example> examples;
  examples.reserve(texts.size());
  for (const LabelledText& text : texts) {
    const std::optional<std::string_view> pair = text.pair ? std::optional<std::string_view>(*text.pair) : std::nullopt;
    if (pair && config.type_vocab_size < 2) return invalid_argument(text.place + ": the model takes single texts only");
    LATFORMER_ASSIGN(Encoding encoding, tokenizer.encode(text.text, pair, max_tokens));
    Example example;
    LATFORMER_ASSIGN(example.target, target_of(text, config));
    if (!text.logits.empty() && text.logits.size() != config.num_labels()) {
      return invalid_argument(text.place + ": there are " + std::to_string(text.logits.size()) + " logits, but " +
                              std::to_string(config.num_labels()) + " labels");
    }
    example.logits = text.logits;
    example.tokens = {std::move(encoding.ids), std::move(encoding.type_ids), std::move(encoding.is_special)};
    example.truncated = encoding.truncated;
    examples.push_back(std::move(example));
  }
  return examples;
}

uint64_t fingerprint_of(std::span<const Example> examples) {
  uint64_t hash = kEmptyHash;
  const auto add = [&](const auto& values) {
    const uint64_t size = values.size();  // so that nothing can move from one text to the next unseen
    for (const std::byte byte : std::as_bytes(std::span(&size, 1))) hash = extend_hash(hash, static_cast<char>(byte));
    for (const std::byte byte : std::as_bytes(std::span(values))) hash = extend_hash(hash, static_cast<char>(byte));
  };
  for (const Example& example : examples) {
    add(example.tokens.ids);
    add(example.tokens.type_ids);
    add(example.target);
    add(example.logits);
  }
  return hash;
}

}  // namespace latformer::train
