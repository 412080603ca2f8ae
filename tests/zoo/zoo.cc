// Loads model folders one after another in one process, each followed by a sound one:
//   latformer_zoo SOUND FOLDER...
// prints a line for each folder: its error's code, "ok" for none, and the message. Exit code 1 if the sound folder did
// not give the same answer each time.
#include <cstdio>
#include <vector>

#include "core/tasks/classification.h"
#include "tests/parity/parity.h"

namespace {

using latformer::Classifier;
using latformer::Result;
using latformer::Status;

// Its logits for a text at two speeds, or why there are none.
Result<std::vector<float>> answer(const char* folder) {
  LATFORMER_ASSIGN(Classifier classifier, latformer::parity::load_classifier(folder, latformer::Precision::f32));
  std::vector<float> logits;
  const std::vector<latformer::TextInput> inputs{{"a joy from start to finish", {}}};
  for (const double speedup : {1.0, 2.0}) {
    LATFORMER_ASSIGN(const auto answers, classifier.run(inputs, {.speedup = speedup}));
    logits.insert(logits.end(), answers[0].logits.begin(), answers[0].logits.end());
  }
  return logits;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const Result<std::vector<float>> expected = answer(arguments[1]);
  if (!expected.ok()) {
    std::printf("the sound folder: %s\n", expected.status().message().c_str());
    return 1;
  }
  for (int i = 2; i < count; ++i) {
    const Status status = answer(arguments[i]).status();
    std::printf("%s %s\n", std::string(name_of(status.code())).c_str(), status.message().c_str());
    const Result<std::vector<float>> again = answer(arguments[1]);
    if (!again.ok() || *again != *expected) {
      std::printf("after %s the sound folder gives another answer\n", arguments[i]);
      return 1;
    }
  }
  return 0;
}
