// Texts -> what a task's head makes of them: everything that the tasks of an encoder share. Files and options,
// tokenizing, windows of long texts, batches, schedules by speedup or by budget, calibration on the device, streamed
// loading.
//
// A task opens a model with a head of its own (core/models/encoder_model.h), which makes one result of each window, and
// puts the windows of a text together; classification.h is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/schedule.h"
#include "core/elimination/time/calibration.h"
#include "core/kernels/linear.h"
#include "core/models/encoder_model.h"
#include "core/tasks/load_options.h"
#include "core/tasks/model_files.h"
#include "core/text/tokenizer.h"

namespace latformer {

struct TextInput {
  std::string_view text;  // UTF-8
  std::optional<std::string_view> text_pair;
};

// windows: the result is the mean over consecutive windows, of which neighbours share 64 tokens (a quarter of
// max_tokens where that is less).
enum class LongText { truncate, windows };

struct RunOptions {
  double speedup = 1;  // 1 <= speedup <= Encoder::max_speedup()
  LongText long_text = LongText::truncate;
  // Instead of speedup: milliseconds for each text, its windows together, above 0. The model must be calibrated.
  std::optional<double> budget{};
  // The budget is for all texts of the call together.
  bool shared_budget = false;
  // Of pairs: the second text in windows, each with the whole of the first; each window's result stands by itself.
  struct PairWindows {
    size_t max_tokens;  // special ones included
    size_t stride;      // tokens that neighbours share
  };
  std::optional<PairWindows> pair_windows{};
};

// What happened inside, for one window of one text.
struct Trace {
  Encoding encoding;                                  // spans in UTF-8 bytes; see to_utf16
  std::vector<std::vector<uint32_t>> kept_positions;  // per layer: original token positions of the ordinary rows left
  std::vector<uint32_t> tokens_per_layer;             // per layer: rows that left it, the rest row included
  Schedule schedule;
};

// What became of one text.
struct Encoded {
  std::vector<Trace> windows;               // at least one
  std::vector<std::vector<float>> results;  // of each window: what the head made of it
  // What nearly all calls with this text alone stay below, if the model is calibrated; with a shared budget, what such
  // calls with all its texts do. It is above the budget where even max_speedup is too slow for it.
  std::optional<double> predicted_milliseconds;
};

// Texts on their way, so that whoever waits for them can do other things in between, or let them be. One at a time for
// an encoder, which must outlive it, and whose calibration ends it.
class EncoderCall {
 public:
  // Works for about `milliseconds`: at least the tokens of one text, or one layer. Errors: those of Encoder::encode(),
  // after which it is of no further use.
  Status work(double milliseconds);
  bool done() const;
  // Once done.
  std::vector<Encoded> take();

  EncoderCall(EncoderCall&&) noexcept;
  EncoderCall& operator=(EncoderCall&&) noexcept;
  ~EncoderCall();

 private:
  friend class Encoder;
  struct State;
  explicit EncoderCall(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Encoder {
 public:
  // All texts are packed without padding, in chunks of bounded size, and give what each gives alone.
  // Errors: invalid_argument (speedup not finite, below 1 or above max_speedup; a budget not finite or not above 0, or
  // without calibration; a pair with LongText::windows), bad_model (results that are not finite), out_of_memory. After
  // an error the encoder works on.
  Result<std::vector<Encoded>> encode(std::span<const TextInput> inputs, const RunOptions& options);
  // The same in parts. The texts must stay where they are. Errors: invalid_argument, as above.
  Result<EncoderCall> start(std::span<const TextInput> inputs, const RunOptions& options);

  // Times the model on this device for about `milliseconds` (core/elimination/time/calibration.h): from then on
  // speedups are of time instead of MACs, and budgets are possible. `outside`: what a call takes before and after
  // run(), in milliseconds. Errors: invalid_argument (the clock is of no use), out_of_memory; nothing changes then.
  Status calibrate(double outside = 0, double milliseconds = CalibrationPlan().milliseconds);
  // The same from a calibration that was kept (to_json). Errors: bad_model (it is no calibration).
  Status restore_calibration(std::string_view json);
  const std::optional<TimeModel>& time_model() const;
  // Of a text of 1 <= tokens <= max_tokens() at speedup 1, as predicted. The model is calibrated.
  double milliseconds_in_full(uint32_t tokens) const;

  const EncoderConfig& config() const;
  const Cost& cost() const;
  const Profile& profile() const;
  const Tokenizer& tokenizer() const;
  double max_speedup() const;   // profile().max_speedup
  Precision precision() const;  // of the linear layers
  // Tokens of the longest input, special tokens included.
  uint32_t max_tokens() const;

  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

 private:
  friend class EncoderCall;
  friend class EncoderLoader;
  struct State;
  explicit Encoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Opens the model of a folder with a task's head.
using OpenModel = std::function<Result<std::unique_ptr<EncoderModelLoader>>(const ModelFiles& files,
                                                                            std::optional<Precision> precision)>;

class EncoderLoader {
 public:
  // Reads the small files. Errors: bad_model, unsupported_model, each naming the file.
  static Result<EncoderLoader> create(const ModelFiles& files, const OpenModel& open_model,
                                      const LoadOptions& options = {});

  // The next bytes of model.safetensors, in order, in parts of any size. Errors: bad_model, unsupported_model,
  // out_of_memory; after an error the loader is of no further use.
  Status append(std::span<const std::byte> bytes);

  // All bytes were given. Errors: bad_model (bytes or tensors are missing).
  Result<Encoder> finish();

  EncoderLoader(EncoderLoader&&) noexcept;
  EncoderLoader& operator=(EncoderLoader&&) noexcept;
  ~EncoderLoader();

 private:
  struct State;
  explicit EncoderLoader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The loader of a task that is an Encoder with a head of its own. Task::open opens the model with it, and tells its
// Settings from the files.
template <class Task>
class TaskLoader {
 public:
  static Result<TaskLoader> create(const ModelFiles& files, const LoadOptions& options = {}) {
    typename Task::Settings settings;
    const auto open = [&](const ModelFiles& of, std::optional<Precision> precision) {
      return Task::open(of, precision, settings);
    };
    LATFORMER_ASSIGN(EncoderLoader loader, EncoderLoader::create(files, open, options));
    return TaskLoader(std::move(loader), std::move(settings));
  }
  Status append(std::span<const std::byte> bytes) { return loader_.append(bytes); }
  Result<Task> finish() {
    LATFORMER_ASSIGN(Encoder encoder, loader_.finish());
    return Task(std::move(encoder), std::move(settings_));
  }

 private:
  TaskLoader(EncoderLoader loader, typename Task::Settings settings)
      : loader_(std::move(loader)), settings_(std::move(settings)) {}
  EncoderLoader loader_;
  typename Task::Settings settings_;
};

}  // namespace latformer
