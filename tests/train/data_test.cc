// What is read of files of texts: labels as they are meant, classes that look like a mistake, what is held out.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/train/data/examples.h"
#include "core/train/data/holdout.h"
#include "core/train/data/sentences.h"
#include "tests/train/folders.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;

std::vector<LabelledText> read(const Folder& folder, const std::string& name, const std::string& text,
                               const ColumnNames& columns = {}) {
  const std::vector<fs::path> files = {folder.write(name, text)};
  auto texts = read_labelled_texts(files, columns, ProblemType::single_label);
  EXPECT_TRUE(texts.ok()) << texts.status().message();
  return std::move(texts).value();
}

TEST(Data, TrimsLabelsAndWarnsOfThoseThatAreNearlyEqual) {
  const Folder folder;
  const auto texts = read(folder, "a.tsv", "sentence\tlabel\na\t0\nb\t0 \nc\t1\nd\t 1\n");
  const Classes classes = classes_of(texts);
  EXPECT_EQ(classes.counts, (std::vector<std::pair<std::string, size_t>>{{"0", 2}, {"1", 2}}));
  EXPECT_TRUE(classes.warnings.empty());
  const Classes cases = classes_of(read(folder, "b.tsv", "sentence\tlabel\na\tpos\nb\tPos\nc\tneg\n"));
  EXPECT_EQ(cases.counts.size(), 3U);
  ASSERT_EQ(cases.warnings.size(), 1U);
  EXPECT_NE(cases.warnings[0].find("\"Pos\" and \"pos\""), std::string::npos) << cases.warnings[0];
}

TEST(Data, FindsTheClassesThatThereAre) {
  const Folder folder;
  const auto texts = read(folder, "a.tsv", "sentence\tlabel\na\t-1\nb\t0\nc\t1\n");
  EXPECT_EQ(labels_of(texts, ProblemType::single_label).value(), (std::vector<std::string>{"-1", "0", "1"}));
  const auto decimals = read(folder, "b.tsv", "sentence\tlabel\na\t0.001\nb\t0.010\n");
  EXPECT_NE(labels_of(decimals, ProblemType::single_label).status().message().find("--problem regression"),
            std::string::npos);
}

TEST(Data, ReadsAJsonListAndLogits) {
  const Folder folder;
  const ColumnNames columns{.text = {}, .pair = {}, .label_optional = true, .logits = "logits"};
  const auto list =
      read(folder, "a.json", R"([{"text": "a", "logits": [1, -2.5]}, {"text": "b", "logits": [0, 1e-3]}])", columns);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_FALSE(list[0].is_labelled);
  EXPECT_EQ(list[0].logits, (std::vector<float>{1, -2.5}));
  EXPECT_EQ(list[1].text, "b");
  const auto table = read(folder, "b.tsv", "text\tlogits\na\t1 -2.5\n", columns);
  EXPECT_EQ(table[0].logits, (std::vector<float>{1, -2.5}));
}

TEST(Data, TellsTheLineThatIsNotUtf8) {
  const Folder folder;
  for (const char* name : {"a.tsv", "a.csv", "a.jsonl"}) {
    const std::vector<fs::path> files = {folder.write(name, "text,\tlabel\n\nsch\xf6n\t,1\n")};
    const Status status = read_labelled_texts(files, {}, ProblemType::single_label).status();
    EXPECT_NE(status.message().find(std::string(name) + ":3: is not UTF-8"), std::string::npos) << status.message();
  }
}

Example example_of(const std::vector<int32_t>& words) {
  Example example;
  example.tokens.ids = {1};
  example.tokens.ids.insert(example.tokens.ids.end(), words.begin(), words.end());
  example.tokens.ids.push_back(2);
  example.tokens.is_special.assign(example.tokens.ids.size(), 0);
  example.tokens.is_special.front() = example.tokens.is_special.back() = 1;
  return example;
}

TEST(Holdout, SharesNoFourWordsWithWhatIsTrainedOn) {
  std::vector<Example> examples;
  for (int32_t sentence = 0; sentence < 50; ++sentence) {  // each with phrases of it
    std::vector<int32_t> words;
    for (int32_t i = 0; i < 12; ++i) words.push_back(10 + sentence * 12 + i);
    examples.push_back(example_of(words));
    examples.push_back(example_of({words.begin() + 2, words.begin() + 8}));
    examples.push_back(example_of({words.begin() + 7, words.end()}));
    examples.push_back(example_of({words.begin(), words.begin() + 2}));  // too short to tell
  }
  const std::vector<uint32_t> held_out = held_out_of(examples, 30, 1);
  EXPECT_GE(held_out.size(), 28U);
  EXPECT_LE(held_out.size(), 30U);
  EXPECT_TRUE(std::is_sorted(held_out.begin(), held_out.end()));
  std::set<uint32_t> sentences, texts(held_out.begin(), held_out.end());
  for (const uint32_t text : held_out) {
    EXPECT_NE(text % 4, 3U);
    sentences.insert(text / 4);
  }
  EXPECT_EQ(held_out.size(), 3 * sentences.size());  // whole groups
  EXPECT_NE(held_out, held_out_of(examples, 30, 2));
  EXPECT_TRUE(held_out_of(examples, 2, 1).empty());  // no group is so small
}

TEST(Sentences, AreCutAtTheirEndsAndAtHtmlBreaks) {
  EXPECT_EQ(sentences_of(" A film.  \"It is good!\" he said. I<br /><br />left... early. No?"),
            (std::vector<std::string>{"A film.", "\"It is good!\" he said.", "I", "left... early.", "No?"}));
  EXPECT_TRUE(sentences_of(" <br> ").empty());
}

}  // namespace
}  // namespace latformer::train
