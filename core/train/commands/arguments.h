// The options of a command: --name VALUE, --name=VALUE and --flag, each known, each at most once but those that say so.
//
//   Arguments arguments(argc, argv);
//   options.seed = arguments.whole("--seed", 1, 0, UINT64_MAX);
//   ...
//   LATFORMER_TRY(arguments.done());       what was wrong first, or what nobody asked for
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace latformer::train {

class Arguments {
 public:
  // `flags` are the options without a value.
  Arguments(std::vector<std::string> words, std::initializer_list<std::string_view> flags);

  bool flag(std::string_view name);
  // Must be there.
  std::string text(std::string_view name);
  std::string text(std::string_view name, std::string_view otherwise);
  std::vector<std::string> texts(std::string_view name);  // of an option that may come several times
  double number(std::string_view name, double otherwise, double least, double most);
  uint64_t whole(std::string_view name, uint64_t otherwise, uint64_t least, uint64_t most);
  template <class T>
  T choice(std::string_view name, T otherwise, std::initializer_list<std::pair<std::string_view, T>> choices) {
    std::string known;
    const std::optional<std::string> chosen = take(name);
    for (const auto& [word, value] : choices) {
      if (chosen == word) return value;
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    if (chosen) complain(std::string(name) + " is " + *chosen + ", not one of: " + known);
    return otherwise;
  }
  // Complains where `name` is there beside one of `others`, whose say it takes; before any of them is read.
  void instead_of(std::string_view name, std::initializer_list<std::string_view> others);
  std::vector<std::string> rest();  // what is no option

  static std::optional<double> parse_number(std::string_view text);  // finite

  Status done();
  void complain(const std::string& what);  // only the first complaint is told

 private:
  std::optional<std::string> take(std::string_view name);

  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::vector<std::string> rest_;
  Status complaint_;
};

// Parted at commas: "a,b" -> {"a", "b"}.
std::vector<std::string> comma_list(std::string_view text);

}  // namespace latformer::train
