#include "tests/train/folders.h"

#include <unistd.h>

#include <string_view>
#include <vector>

#include "core/files/files.h"
#include "core/train/data/random.h"
#include "tests/unit/support/random_bert.h"

namespace latformer::train {
namespace fs = std::filesystem;

Folder::Folder() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string("latformer-") + test->test_suite_name() + "-" + test->name();
  for (char& c : name) c = c == '/' ? '-' : c;
  path_ = fs::temp_directory_path() / (name + "-" + std::to_string(::getpid()));
  fs::remove_all(path_);
  fs::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path Folder::write(const std::string& name, const std::string& text) const {
  EXPECT_TRUE(write_file(path_ / name, text).ok());
  return path_ / name;
}

fs::path make_model(const Folder& folder, const std::string& name, bool classifier) {
  testing::BertShape shape{.layers = 3, .heads = 2, .head_size = 8, .intermediate_size = 32, .positions = 40};
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const char letter : {'a', 'b'}) {
    for (char digit = '0'; digit <= '9'; ++digit) vocabulary += {letter, digit, '\n'};
  }
  const BertConfig config = testing::config_of(shape);
  std::vector<testing::NamedTensor> tensors = testing::random_bert(config, 3);
  std::string json = testing::config_json(config);
  if (!classifier) {
    std::erase_if(tensors, [](const auto& tensor) { return tensor.name.starts_with("classifier."); });
    const std::string_view head = "BertForSequenceClassification";
    json.replace(json.find(head), head.size(), "BertModel");
  }
  fs::create_directories(folder / name);
  const std::vector<std::byte> bytes = testing::safetensors_of(tensors);
  folder.write(name + "/config.json", json);
  folder.write(name + "/vocab.txt", vocabulary);
  folder.write(name + "/model.safetensors", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return folder / name;
}

fs::path make_texts(const Folder& folder, const std::string& name, size_t count, uint64_t seed) {
  Random random(seed, "texts");
  std::string tsv = "sentence\tlabel\n";
  for (size_t i = 0; i < count; ++i) {
    const size_t words = 3 + random.below(10);
    const bool label = random.below(2) == 1;
    const size_t sure = random.below(words);  // is of b, if any is
    for (size_t k = 0; k < words; ++k) {
      const bool b = label && (k == sure || random.below(3) == 0);
      tsv += {b ? 'b' : 'a', static_cast<char>('0' + random.below(10)), k + 1 < words ? ' ' : '\t'};
    }
    tsv += label ? "1\n" : "0\n";
  }
  return folder.write(name + ".tsv", tsv);
}

}  // namespace latformer::train
