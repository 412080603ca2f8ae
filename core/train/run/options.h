// What a run of finetune is asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/elimination/profile.h"
#include "core/models/bert/config.h"
#include "core/train/data/examples.h"
#include "core/train/modules/model_folder.h"
#include "core/train/run/trainer.h"

namespace latformer::train {

struct FinetuneOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  std::filesystem::path work;
  std::filesystem::path target;
  ColumnNames columns;
  // Else the model's, if it has a classifier, else single_label. embedding: own_vectors.h.
  std::optional<ProblemType> problem;
  std::vector<std::string> labels;  // names of the labels; else the model's, else those of the data
  uint32_t layers = 0;              // only so many of the model's first layers: the smaller rival; 0: all
  size_t max_tokens = 128;
  size_t min_tokens = 0;  // shorter texts are not trained on
  size_t holdout = 500;   // texts left out of training to be measured on now and then; at most a tenth of all
  // Measured at the end of each epoch of the last stage. The weights of the best epoch are the result: of the highest
  // mean of the metric over the speedups that are measured. Nothing is learned from them otherwise.
  std::vector<std::filesystem::path> dev;
  uint64_t patience = 0;  // epochs without a better one after which the run ends; 0: it never ends early
  TrainOptions train;
  ProfileShape shape = ProfileShape::running_product;
  double r_min = kDefaultRMin;
  Dropped dropped = Dropped::merge;
  bool scorers = true;     // word-vectors are scored by what layers are taught, beside attention; needs the sandwich
  size_t acc_texts = 512;  // training texts that ACC is measured on
  std::optional<std::filesystem::path> profile;  // to use as it is, instead of shape, r_min, dropped and acc_texts
  ExportOptions exporting;
  bool resume = false;
  double checkpoint_minutes = 5;
  uint64_t evaluate_every = 500;     // steps; 0: only when all is done
  std::string device = "cpu";        // or "cuda", "cuda:1"
  std::optional<bool> bf16 = false;  // Module::compute_in; none: whichever is faster here
  bool dry_run = false;              // tell what would be done and how fast, and do nothing
  bool freeze_embeddings = false;
};

}  // namespace latformer::train
