// How right a model is: one number per problem, and the same for all tools.
//
//   single_label   accuracy: share of texts whose highest logit is the label's
//   multi_label    micro F1 = 2 TP / (2 TP + FP + FN), a label counts as said when its logit is above 0
//   embedding      mean cosine to the vector that is wanted
//   regression     Pearson's and Spearman's correlations, their mean (of all outputs together)
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/format/labels.h"

namespace latformer::train {

std::string_view metric_name(ProblemType problem);

// In [0, 1], for regression [-1, 1]. Logits are finite: what is no number has no rank. targets[t] as in
// Example::target. A correlation without variance is 0.
double metric_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                 ProblemType problem);

// Beside accuracy, of single_label: F1, the mean over the classes that there are of 2 right / (said + meant); and
// Matthews' correlation, for any number of classes, 0 where all are of one.
struct Agreement {
  double f1 = 0, mcc = 0;
};
Agreement agreement_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets);

// Half of the interval that holds the metric of 95 of 100 samples of as many texts: 1.96 standard deviations over
// resamples of these (a bootstrap of fixed seed).
double interval_of(std::span<const std::vector<float>> logits, std::span<const std::vector<float>* const> targets,
                   ProblemType problem);

double pearson(std::span<const double> x, std::span<const double> y);
double spearman(std::span<const double> x, std::span<const double> y);  // ties share their mean rank

}  // namespace latformer::train
