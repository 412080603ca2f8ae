// The face towards JavaScript, of WebAssembly and of the native addon: one class that loads one model and runs it. Only
// conversion happens here, no logic.
//
//   JavaScript -> C++   bytes, through a staging block: stage(n) gives a view, fill it, then call
//   C++ -> JavaScript   plain objects; every method gives its value or {error: {code, message}} and never throws
//
//   file(name, size)... -> open(task, threads, dtype, origin) -> append(size)... -> finish() -> the methods of the task
//   file(name, size)... -> open_tokenizer() -> tokenize(), texts_of()
//
// The core does not throw, but the standard library may run out of memory inside it: std::bad_alloc ends here as
// out_of_memory. Calls in another order, or of bytes that were not staged, are refused as invalid_argument. Everything
// else that is thrown or trapped is a defect and takes the instance down (see engine.ts).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "bindings/value/value.h"
#include "bindings/wasm/encoder.h"
#include "bindings/wasm/generation.h"
#include "bindings/wasm/staging.h"
#include "bindings/wasm/threads.h"
#include "bindings/wasm/tokenizer.h"
#include "core/models/shared_weights.h"
#include "core/tasks/model_files.h"

namespace latformer {

class Session {
 public:
  val stage(size_t size) { return staging_.stage(size); }

  val add_thread();

  // `size` bytes in the staging block are the file of that name, whole. A name that the core does not know is no error.
  val file(const std::string& name, size_t size);
  // What the small files, and the `head_size` bytes of model.safetensors in the staging block, say of themselves: an
  // object with `tokenizer` and `weights`, each absent where it cannot be read.
  val describe(size_t head_size);
  // All small files were given. `task` is 'classification', 'embedding' or 'generation'. `threads` run the model, this
  // one and those that were started; dtype is 'fp32', 'q8', 'q4' or '' for what the weights are made for. `origin` says
  // which content model.safetensors has; '': nobody knows, and the weights are the session's own. Gives {weights}:
  //   own        their bytes are to come: append()
  //   first      the same, and sessions of the same origin, in any thread of the process, will share what they become
  //   shared     another session has them: finish() comes next
  //   elsewhere  another session is at it; nothing was done, and open() is to be called again later
  val open(const std::string& task, size_t threads, const std::string& dtype, const std::string& origin);
  // The tokenizer alone, of the small files that were given. Gives what it is.
  val open_tokenizer();
  // See BoundTokenizer.
  val tokenize(const val& lengths, bool special);
  // The next `size` bytes of model.safetensors lie in the staging block.
  val append(size_t size);
  // All bytes were appended. Gives what the model is.
  val finish();

  // Encoders and generators work in parts of about `milliseconds`, so that JavaScript has its turn in between, in which
  // it may stop.
  val start_encoding(const val& lengths, const val& options);
  val go_on_encoding(double milliseconds);
  val stop_encoding();
  // Of an encoder's tokenizer, or the one that was opened alone.
  val texts_of(const val& ids, bool skip_special);

  val start_generation(const val& lengths, const val& options);
  val next_pieces(double milliseconds);
  val generation_stats();
  val stop_generation();

  val calibrate(double outside);
  // From `size` bytes in the staging block.
  val restore_calibration(size_t size);

 private:
  // Calls `method` with the model of the task, if it is one.
  template <class Bound, class Method>
  val with(const Method& method);

  struct File {
    Block bytes;
    size_t size = 0;
  };

  ModelFiles given_files() const;

  FurtherThreads threads_;
  Staging staging_;
  std::map<std::string, File> files_;  // until open()
  std::shared_ptr<WeightShare> share_;
  std::variant<BoundEncoder, BoundGenerator> model_;
  BoundTokenizer tokenizer_;
};

}  // namespace latformer
