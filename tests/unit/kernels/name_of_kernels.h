// The tables of micro-kernels as names of tests: letters and digits of their own names.
#pragma once

#include <cctype>
#include <string>

#include "core/kernels/micro/table.h"

namespace latformer::kernels {

struct NameOfKernels {
  template <class Info>
  std::string operator()(const Info& info) const {
    std::string name;
    for (const char c : info.param->name) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    }
    return name;
  }
};

}  // namespace latformer::kernels
