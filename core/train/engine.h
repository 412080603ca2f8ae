// The engine that will run a model, opened on its folder: what is reported of a model is measured with it.
#pragma once

#include <cstddef>
#include <filesystem>

#include "core/base/status.h"
#include "core/tasks/classification.h"

namespace latformer::train {

// Errors: those of reading files and of loading.
Result<Classifier> open_engine(const std::filesystem::path& folder, size_t threads);

}  // namespace latformer::train
