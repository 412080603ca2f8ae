// guarded(work): LibTorch throws, the core does not. Every function of this folder that a caller sees runs inside one
// of these, which turns an exception into the error that it stands for.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "core/base/status.h"

namespace latformer::train {

// work() returns a Status or a Result<T>.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return out_of_memory("no memory left");
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("out of memory") != what.npos || what.find("can't allocate memory") != what.npos;
    return memory ? out_of_memory(what) : internal_error("LibTorch: " + what);
  } catch (const std::exception& error) {
    return internal_error(error.what());
  }
}

}  // namespace latformer::train
