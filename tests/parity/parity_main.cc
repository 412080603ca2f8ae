// latformer_parity --model DIR --goldens FILE [--departures FILE]
//
// Any model against its golden file; see `npm run parity`. All texts of a speedup run in one call, every tenth also
// alone. Prints one line for each speedup. Runs that kept other positions than expected go to the departures file, for
// verify.py to judge; any other difference is a failure, exit code 1.

#include <cstdio>
#include <fstream>
#include <iomanip>
#include <limits>
#include <string>
#include <string_view>

#include "tests/parity/parity.h"

namespace latformer::parity {
namespace {

template <class Values>
void write_array(std::ostream& out, const Values& values) {
  out << '[';
  const char* separator = "";
  for (const auto value : values) {
    out << separator << value;
    separator = ",";
  }
  out << ']';
}

// [{"case": 3, "speedup": 2, "kept": [[0, 4, ...], ...], "logits": [...]}, ...]
void write_departures(const std::string& path, const std::vector<Departure>& departures) {
  std::ofstream out(path);
  out << std::setprecision(std::numeric_limits<double>::max_digits10) << '[';
  const char* separator = "\n";
  for (const Departure& departure : departures) {
    out << separator << R"({"case":)" << departure.case_index << R"(,"speedup":)" << departure.speedup
        << R"(,"kept":[)";
    for (size_t layer = 0; layer < departure.kept_positions.size(); ++layer) {
      if (layer > 0) out << ',';
      write_array(out, departure.kept_positions[layer]);
    }
    out << R"(],"logits":)";
    write_array(out, departure.logits);
    out << '}';
    separator = ",\n";
  }
  out << "\n]\n";
}

int fail(const Status& status) {
  std::fprintf(stderr, "latformer_parity: %s\n", status.message().c_str());
  return 1;
}

int main(const std::string& model, const std::string& goldens, const std::string& departures_path) {
  const Result<Golden> golden = read_golden(goldens);
  if (!golden.ok()) return fail(golden.status());
  Result<Classifier> classifier = load_classifier(model);
  if (!classifier.ok()) return fail(classifier.status());
  const Result<Report> batch = compare(*classifier, *golden, Packing::batch);
  if (!batch.ok()) return fail(batch.status());
  const Result<Report> alone = compare(*classifier, *golden, Packing::one_by_one, 10);
  if (!alone.ok()) return fail(alone.status());

  std::printf("%8s %6s %10s %12s %12s %10s\n", "speedup", "texts", "same kept", "logits off", "scores off",
              "ms / text");
  for (const auto& [speedup, tally] : batch->by_speedup) {
    std::printf("%8g %6zu %10zu %12.1e %12.1e %10.2f\n", speedup, tally.runs, tally.same_kept, tally.logit_difference,
                tally.score_difference, tally.milliseconds / static_cast<double>(tally.runs));
  }
  size_t failures = batch->failures.size() + alone->failures.size();
  for (const std::string& failure : batch->failures) std::printf("batch: %s\n", failure.c_str());
  for (const std::string& failure : alone->failures) std::printf("alone: %s\n", failure.c_str());
  if (departures_path.empty()) {
    failures += batch->departures.size();
  } else {
    write_departures(departures_path, batch->departures);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace latformer::parity

int main(int argc, char** argv) {
  std::string model, goldens, departures;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--model") model = argv[i + 1];
    if (name == "--goldens") goldens = argv[i + 1];
    if (name == "--departures") departures = argv[i + 1];
  }
  if (model.empty() || goldens.empty() || argc % 2 == 0) {
    std::fprintf(stderr, "usage: latformer_parity --model DIR --goldens FILE [--departures FILE]\n");
    return 2;
  }
  return latformer::parity::main(model, goldens, departures);
}
