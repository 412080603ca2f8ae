#include "core/train/commands/command.h"

#include <cstdio>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

// Numbers parted by commas, of which `good` says what is one.
template <class Good>
std::vector<double> take_numbers(Arguments& arguments, std::string_view name, Good&& good, const char* what) {
  std::vector<double> numbers;
  for (const std::string& number : comma_list(arguments.text(name, ""))) {
    numbers.push_back(Arguments::parse_number(number).value_or(0));
    if (!good(numbers.back())) arguments.complain(std::string(name) + ": " + number + " is no number " + what);
  }
  return numbers;
}

}  // namespace

int misuse(const Status& status) {
  std::fprintf(stderr, "latformer-train: %s\nTry --help.\n", status.message().c_str());
  return kMisused;
}

int finish(const Status& status) {
  if (status.ok()) return kDone;
  std::fprintf(stderr, "latformer-train: %s\n", status.message().c_str());
  return status.code() == ErrorCode::cancelled ? kInterrupted : kFailed;
}

int print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

Status can_write(const std::string& path) {
  if (path.empty()) return {};
  const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
  if (!std::filesystem::is_directory(parent)) return invalid_argument(path + ": there is no folder " + parent.string());
  if (std::filesystem::is_directory(path)) return invalid_argument(path + " is a folder");
  return {};
}

void take_columns(Arguments& arguments, ColumnNames& columns) {
  columns.text = arguments.text("--column", "");
  columns.pair = arguments.text("--pair-column", "");
  columns.label = arguments.text("--label-column", columns.label);
}

std::vector<std::filesystem::path> take_data(Arguments& arguments) {
  std::vector<std::filesystem::path> data;
  for (const std::string& file : arguments.texts("--data")) data.emplace_back(file);
  if (data.empty()) arguments.complain("--data is needed");
  return data;
}

ProfileShape take_shape(Arguments& arguments) {
  return arguments.choice("--shape", ProfileShape::running_product,
                          {{"product", ProfileShape::running_product},
                           {"minimum", ProfileShape::running_minimum},
                           {"geometric", ProfileShape::geometric},
                           {"linear", ProfileShape::linear}});
}

Dropped take_dropped(Arguments& arguments) {
  return arguments.choice("--dropped", Dropped::merge, {{"merge", Dropped::merge}, {"discard", Dropped::discard}});
}

DType take_dtype(Arguments& arguments) {
  return arguments.choice("--dtype", DType::f32, {{"f32", DType::f32}, {"f16", DType::f16}});
}

std::optional<bool> take_compute(Arguments& arguments) {
  return arguments.choice<std::optional<bool>>("--compute", std::nullopt,
                                               {{"auto", std::nullopt}, {"f32", false}, {"bf16", true}});
}

void use_threads(uint64_t threads) { torch::set_num_threads(static_cast<int>(threads)); }

void take_threads(Arguments& arguments) {
  const uint64_t threads = arguments.whole("--threads", 0, 1, 1024);
  if (threads > 0) use_threads(threads);
}

std::vector<double> take_speedups(Arguments& arguments, const std::vector<double>& otherwise) {
  std::vector<double> speedups = take_numbers(arguments, "--speedups", [](double x) { return x >= 1; }, "from 1 on");
  return speedups.empty() ? otherwise : speedups;
}

std::vector<double> take_budgets(Arguments& arguments) {
  return take_numbers(arguments, "--budget", [](double x) { return x > 0; }, "above 0");
}

}  // namespace latformer::train
