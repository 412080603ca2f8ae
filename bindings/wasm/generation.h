// Text generation for JavaScript: a Generator, its options, and pieces of text as they come.
//
//   start(prompts, options) -> next()... until done -> stats() -> stop()
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "bindings/value/value.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/tasks/generation.h"

namespace latformer {

class BoundGenerator {
 public:
  Status open(const ModelFiles& files, const LoadOptions& options);
  Status append(std::span<const std::byte> bytes);
  // All bytes were appended. Gives what the model is.
  val finish();

  // The prompts lie in the staging block, back to back as UTF-8 of `lengths` bytes. `options`: GenerateOptions of
  // engine.ts.
  val start(const Staging& staging, const val& lengths, const val& options);
  // One token more of each text, or some layers of reading the prompts, which take about `milliseconds`:
  // {pieces, done}.
  val next(double milliseconds);
  // Of each prompt, so far.
  val stats() const;
  // Ends what start() began, done or not.
  void stop() { generation_.reset(); }

  val calibrate(double outside);
  val restore_calibration(std::string_view json);

 private:
  val calibration() const;
  val settings() const;

  size_t threads_ = 1;
  std::optional<GeneratorLoader> loader_;
  std::optional<Generator> generator_;
  std::optional<Generation> generation_;  // must not outlive its generator
};

}  // namespace latformer
