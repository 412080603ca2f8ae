// The methods of a Session by the names that JavaScript has for them (glue.d.ts), whatever binds them.
#pragma once

#include "bindings/wasm/session.h"

namespace latformer {

// face.function(name, &Session::method) for each.
template <class Face>
void list_methods(const Face& face) {
  face.function("stage", &Session::stage)
      .function("addThread", &Session::add_thread)
      .function("file", &Session::file)
      .function("describe", &Session::describe)
      .function("open", &Session::open)
      .function("openTokenizer", &Session::open_tokenizer)
      .function("tokenize", &Session::tokenize)
      .function("append", &Session::append)
      .function("finish", &Session::finish)
      .function("startEncoding", &Session::start_encoding)
      .function("goOnEncoding", &Session::go_on_encoding)
      .function("stopEncoding", &Session::stop_encoding)
      .function("textsOf", &Session::texts_of)
      .function("startGeneration", &Session::start_generation)
      .function("nextPieces", &Session::next_pieces)
      .function("generationStats", &Session::generation_stats)
      .function("stopGeneration", &Session::stop_generation)
      .function("calibrate", &Session::calibrate)
      .function("restoreCalibration", &Session::restore_calibration);
}

}  // namespace latformer
