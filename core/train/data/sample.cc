#include "core/train/data/sample.h"

#include <algorithm>

#include "core/train/data/random.h"

namespace latformer::train {

Result<Sample> draw_sample(std::span<const std::filesystem::path> files, const ColumnNames& columns,
                           const Tokenizer& tokenizer, const BertConfig& config, const SampleOptions& options) {
  Sample sample;
  LATFORMER_ASSIGN(sample.texts, read_labelled_texts(files, columns, config.problem_type));
  Random(options.seed, "limit", options.number).shuffle(sample.texts);
  if (options.limit > 0) sample.texts.resize(std::min(sample.texts.size(), options.limit));
  const size_t positions = config.max_position_embeddings;
  const size_t max_tokens = options.max_tokens > 0 ? std::min(options.max_tokens, positions) : positions;
  LATFORMER_ASSIGN(sample.examples, encode_examples(sample.texts, tokenizer, config, max_tokens));
  return sample;
}

}  // namespace latformer::train
