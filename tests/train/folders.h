// A folder for one test, and a tiny model in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/models/bert/config.h"

namespace latformer::train {

// Made anew, and taken away with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// A Hugging Face folder of random weights at folder/name, whose vocabulary is a0 .. a9, b0 .. b9. Without a classifier
// it is an encoder alone.
std::filesystem::path make_model(const Folder& folder, const std::string& name, bool classifier);

// folder/name.tsv: `label` is 1 where some words are of b0 .. b9, 0 where all are of a0 .. a9.
std::filesystem::path make_texts(const Folder& folder, const std::string& name, size_t count, uint64_t seed);

}  // namespace latformer::train
