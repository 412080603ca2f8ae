// A map from byte strings to numbers that finds the longest key at the front of a text: a trie.
//
// Nodes are numbered breadth first, so the children of a node are consecutive and sorted by their label:
//
//   child(n, label) = the m in first_child[n] .. first_child[n + 1] with labels[m] == label
//
// That is 9 bytes a node and no pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace latformer {

class Trie {
 public:
  static constexpr int32_t kNoValue = -1;

  struct Match {
    int32_t value;
    size_t size;  // of the key, at least 1
  };

  Trie() = default;
  // Keys need not be sorted but differ; values are not negative.
  explicit Trie(std::vector<std::pair<std::string_view, int32_t>> entries);

  // The longest key that `text` begins with; {kNoValue, 0} if there is none.
  Match longest_prefix(std::string_view text) const;

  // Calls visit(match) for each key that `text` begins with, the shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    Node node = kRoot;
    for (size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == kNoNode) return;
      if (values_[node] != kNoValue) visit(Match{values_[node], i + 1});
    }
  }

 private:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNoNode = UINT32_MAX;

  Node child(Node node, unsigned char label) const;

  std::vector<uint32_t> first_child_ = {1, 1};  // (nodes + 1)
  std::vector<unsigned char> labels_ = {0};     // (nodes) of the edge to the node
  std::vector<int32_t> values_ = {kNoValue};    // (nodes)
};

}  // namespace latformer
