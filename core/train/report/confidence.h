// Whether scores say how often the model is right, and the one number that mends it.
//
//   temperature:  T that makes -log likelihood of the labels under softmax(logits / T) (sigmoid for several) least.
//                 It changes no decision, and dividing the classifier's weight and bias by T applies it for good.
//   error:        texts in 10 bins by their highest score; sum over bins of share * |mean score - share right|
#pragma once

#include <span>
#include <vector>

#include "core/format/labels.h"

namespace latformer::train {

// targets as in Example::target; not for regression. Between 0.05 and 20.
double temperature_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                      ProblemType problem);

// Of single_label. (For several labels: each label's own score, right when it is meant.)
double confidence_error(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                        ProblemType problem);

}  // namespace latformer::train
