// All that bears on the result of a run, by name: what a checkpoint of other settings is told from.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latformer::train {

class Settings {
 public:
  // Names are plain words, each once; a value is written as it is printed, in one line.
  template <class... Values>
  void add(std::string_view name, const Values&... values) {
    std::ostringstream text;
    text.precision(15);
    const char* space = "";
    ((text << std::exchange(space, " ") << values), ...);
    entries_.emplace_back(name, text.str());
  }

  std::string to_text() const;  // a line for each: "name: value"
  static Settings parse(std::string_view text);
  std::string value(std::string_view name) const;  // empty where there is none

  // A line for each that differs, "  name: then a, now b"; empty if none does.
  std::string changes_since(const Settings& then) const;

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

}  // namespace latformer::train
