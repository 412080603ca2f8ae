// Classification for JavaScript: a Classifier, its options and its results as objects.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/value/value.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/tasks/classification.h"

namespace latformer {

class BoundClassifier {
 public:
  Status open(const ModelFiles& files, const LoadOptions& options);
  Status append(std::span<const std::byte> bytes);
  // All bytes were appended. Gives what the model is.
  val finish();

  // The texts lie in the staging block, which is taken, back to back as UTF-8; `lengths` has two entries for each
  // input, the bytes of text and of text_pair, -1 where there is no pair. `budget`: milliseconds for each input,
  // undefined for none. `traces`: whether to report what happened inside. `function`: 'softmax', 'sigmoid' or 'none'
  // makes scores of logits, '' what the model was trained for. Nothing is computed yet: go_on().
  val start(Staging& staging, const val& lengths, double speedup, const val& budget, bool windows, bool traces,
            const std::string& function);
  // Computes for about `milliseconds`. Gives {}, or in the end the results, and the milliseconds of the core alone.
  val go_on(double milliseconds);
  // Ends what start() began, done or not.
  void stop() { call_.reset(); }

  // Times the model; `outside` is what a call takes around classify(), in milliseconds.
  val calibrate(double outside);
  // The same from what an earlier calibration gave as json.
  val restore_calibration(std::string_view json);

 private:
  // Texts on their way.
  struct Call {
    Block block;  // where they stand
    std::vector<TextInput> inputs;
    EncoderCall run;
    bool traces;
    std::optional<ScoreFunction> function;
    double milliseconds = 0;
  };

  val results(const Call& call, const std::vector<Classification>& answers) const;
  val calibration() const;
  val settings() const;

  size_t threads_ = 1;
  std::optional<ClassifierLoader> loader_;
  std::optional<Classifier> classifier_;
  std::optional<Call> call_;  // must not outlive its classifier
};

}  // namespace latformer
