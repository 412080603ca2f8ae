#include "core/text/trie.h"

#include <algorithm>

namespace latformer {

Trie::Trie(std::vector<std::pair<std::string_view, int32_t>> entries) {
  std::sort(entries.begin(), entries.end());
  first_child_.clear();

  // A node stands for the entries that share its first `depth` bytes. Level by level, each node is given its value (the
  // entry that ends here sorts first) and its children, which are thereby numbered breadth first.
  struct Range {
    uint32_t begin, end;
  };
  std::vector<Range> level = {{0, static_cast<uint32_t>(entries.size())}}, next;
  for (size_t depth = 0; !level.empty(); ++depth, level.swap(next)) {
    next.clear();
    const size_t end_of_level = labels_.size();
    for (size_t i = 0; i < level.size(); ++i) {
      auto [begin, end] = level[i];
      first_child_.push_back(static_cast<uint32_t>(end_of_level + next.size()));
      if (begin < end && entries[begin].first.size() == depth) {
        values_[end_of_level - level.size() + i] = entries[begin++].second;
      }
      while (begin < end) {
        const char label = entries[begin].first[depth];
        uint32_t same = begin;
        while (same < end && entries[same].first[depth] == label) ++same;
        next.push_back({begin, same});
        labels_.push_back(static_cast<unsigned char>(label));
        values_.push_back(kNoValue);
        begin = same;
      }
    }
  }
  first_child_.push_back(static_cast<uint32_t>(labels_.size()));
}

Trie::Node Trie::child(Node node, unsigned char label) const {
  const unsigned char* labels = labels_.data() + first_child_[node];
  size_t count = first_child_[node + 1] - first_child_[node];
  while (count > 1) {  // binary search
    const size_t half = count / 2;
    labels += labels[half - 1] < label ? half : 0;
    count -= half;
  }
  return count == 1 && *labels == label ? static_cast<Node>(labels - labels_.data()) : kNoNode;
}

Trie::Match Trie::longest_prefix(std::string_view text) const {
  Match longest = {kNoValue, 0};
  for_each_prefix(text, [&](const Match& match) { longest = match; });
  return longest;
}

}  // namespace latformer
