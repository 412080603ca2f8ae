// latformer-train finetune: a Hugging Face folder and labelled texts in, an adjustable model out.
//
//   teacher stage -> ACC on training texts -> profile -> elimination stage -> Hugging Face folder with profile.json
//
// WORK holds what a run needs to go on after it was stopped, at any moment: checkpoint.pt, best.pt where there are dev
// texts, and log.jsonl with a line for every few steps. A run that was resumed ends with the same weights as one that
// never stopped. What is to be done is told before the first step (summary.h).
#pragma once

#include <atomic>

#include "core/base/status.h"
#include "core/train/run/options.h"
#include "core/train/run/peers.h"

namespace latformer::train {

// Runs until it is done, or until `stop` becomes true: then a checkpoint is written and the error is `cancelled`. With
// several processes (peers.h) the first one writes and prints.
// Errors: invalid_argument (options, data, files), bad_model, unsupported_model, out_of_memory.
Status finetune(const FinetuneOptions& options, const Peers& peers, const std::atomic<bool>& stop);

}  // namespace latformer::train
