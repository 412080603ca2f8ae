// A line chart as SVG, plain enough to be read as a file: axes with round numbers, a line with dots for each series,
// their intervals, and a legend.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latformer::train {

struct Chart {
  struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  // finite, at least one in all lines together
    std::vector<double> intervals = {};             // of each point, to both sides; none: none are drawn
  };
  std::string x_title, y_title;
  std::vector<Line> lines = {};

  std::string svg() const;
};

// `text` as a field of CSV: in quotes where it needs them.
std::string csv_field(std::string_view text);

}  // namespace latformer::train
