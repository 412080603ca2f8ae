// latformer-train finetune: a Hugging Face folder and labelled texts in, an adjustable model out.
//
//   teacher stage -> ACC on training texts -> profile -> elimination stage -> Hugging Face folder with profile.json
//
// WORK holds what a run needs to go on after it was stopped, at any moment: checkpoint.pt, and log.jsonl with a line
// for every few steps. A run that was resumed ends with the same weights as one that never stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
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
  std::optional<ProblemType> problem;  // else the model's, if it has a classifier, else single_label
  std::vector<std::string> labels;     // names of the labels; else the model's, else those of the data
  uint32_t layers = 0;                 // only so many of the model's first layers: the smaller rival; 0: all
  size_t max_tokens = 128;
  size_t holdout = 500;  // texts left out of training to be measured on now and then; at most a tenth of all
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
  uint64_t evaluate_every = 500;  // steps; 0: only when all is done
  std::string device = "cpu";     // or "cuda", "cuda:1"
  bool bf16 = false;              // BertModule::compute_in
  bool freeze_embeddings = false;
};

// Runs until it is done, or until `stop` becomes true: then a checkpoint is written and the error is `cancelled`. With
// several processes (peers.h) the first one writes and prints.
// Errors: invalid_argument (options, data, files), bad_model, unsupported_model, out_of_memory.
Status finetune(const FinetuneOptions& options, const Peers& peers, const std::atomic<bool>& stop);

}  // namespace latformer::train
