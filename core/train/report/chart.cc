#include "core/train/report/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace latformer::train {
namespace {

constexpr double kWidth = 640, kHeight = 400, kLeft = 64, kRight = 16, kTop = 16, kBottom = 48;
constexpr std::array<const char*, 6> kColours = {"#1b6ca8", "#d1495b", "#2e933c", "#8e5ea2", "#c77d00", "#444444"};

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

// From a value to a place on the paper, with round numbers at the ends and between.
struct Axis {
  double first = 0, last = 1, step = 1;
  double begin = 0, end = 1;  // on the paper

  Axis(double least, double most, double begin_at, double end_at) : begin(begin_at), end(end_at) {
    const double range = std::max(most - least, 1e-3);
    step = std::pow(10, std::floor(std::log10(range / 4)));
    for (const double factor : {2.0, 2.5, 2.0}) {  // 1, 2, 5, 10 times a power of ten
      if (range / step > 8) step *= factor;
    }
    first = std::floor(least / step) * step;
    last = std::max(std::ceil(most / step) * step, first + step);
  }
  double at(double value) const { return begin + (value - first) / (last - first) * (end - begin); }
  int marks() const { return static_cast<int>(std::lround((last - first) / step)); }
};

}  // namespace

std::string Chart::svg() const {
  double x_least = INFINITY, x_most = -INFINITY, y_least = INFINITY, y_most = -INFINITY;
  for (const Line& line : lines) {
    for (size_t k = 0; k < line.points.size(); ++k) {
      const auto& [x, y] = line.points[k];
      const double interval = line.intervals.empty() ? 0 : line.intervals[k];
      x_least = std::min(x_least, x), x_most = std::max(x_most, x);
      y_least = std::min(y_least, y - interval), y_most = std::max(y_most, y + interval);
    }
  }
  const Axis x(x_least, x_most, kLeft, kWidth - kRight), y(y_least, y_most, kHeight - kBottom, kTop);
  std::string svg = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      kWidth, kHeight);
  for (int mark = 0; mark <= x.marks(); ++mark) {
    const double value = x.first + mark * x.step;
    svg += format("<path d=\"M%.1f %.1fV%.1f\" stroke=\"#ddd\"/>", x.at(value), y.begin, y.end);
    svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n", x.at(value), y.begin + 16, value);
  }
  for (int mark = 0; mark <= y.marks(); ++mark) {
    const double value = y.first + mark * y.step;
    svg += format("<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>", x.begin, y.at(value), x.end);
    svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", x.begin - 6, y.at(value) + 4, value);
  }
  svg += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", (x.begin + x.end) / 2, kHeight - 12) +
         escaped(x_title) + "</text>\n";
  svg += format("<text transform=\"translate(16 %.1f) rotate(-90)\" text-anchor=\"middle\">", (y.begin + y.end) / 2) +
         escaped(y_title) + "</text>\n";
  for (size_t i = 0; i < lines.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    std::string path;
    for (const auto& [px, py] : lines[i].points) {
      path += format("%s%.1f %.1f", path.empty() ? "M" : "L", x.at(px), y.at(py));
      svg += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>", x.at(px), y.at(py), colour);
    }
    for (size_t k = 0; k < lines[i].intervals.size(); ++k) {
      const auto& [px, py] = lines[i].points[k];
      const double interval = lines[i].intervals[k];
      svg += format("<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-opacity=\"0.5\"/>", x.at(px), y.at(py - interval),
                    y.at(py + interval), colour);
    }
    svg += "<path d=\"" + path + format("\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", colour);
    const double row = y.begin - 12 - 16 * static_cast<double>(lines.size() - 1 - i);  // the legend, at the bottom left
    svg += format("<path d=\"M%.1f %.1fh20\" stroke=\"%s\" stroke-width=\"2\"/>", x.begin + 12, row - 4, colour);
    svg += format("<text x=\"%.1f\" y=\"%.1f\">", x.begin + 38, row) + escaped(lines[i].name) + "</text>\n";
  }
  return svg + "</svg>\n";
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == text.npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

}  // namespace latformer::train
