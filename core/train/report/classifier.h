// The Classifier that will run a model, opened on its folder: what is reported of a model is measured with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/base/status.h"
#include "core/tasks/classification.h"
#include "core/train/data/examples.h"

namespace latformer::train {

// Errors: those of reading files and of loading.
Result<Classifier> open_classifier(const std::filesystem::path& folder, size_t threads);

// `text` must outlive it.
TextInput text_input(const LabelledText& text);

// What a model is called in tables: the last part of its folder's path.
std::string folder_name(const std::filesystem::path& folder);

}  // namespace latformer::train
