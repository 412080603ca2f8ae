// Files of labelled texts -> rows of named columns.
//
//   tsv     fields parted by tabs, with a header, no quoting
//   csv     RFC 4180 with a header: a field in quotes may hold commas, line ends, and quotes written twice
//   jsonl   one object a line; blank lines are passed over
//   json    a list of objects; a file that begins with no list is read as jsonl
//   txt     a text a line, of the one column "text"; blank lines are passed over
//
// The format is told by the extension: .tsv and .tab, .csv, .jsonl, .ndjson, .json and .txt. Text is UTF-8.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace latformer::train {

struct Table {
  struct Field {
    std::vector<std::string> values;  // one, unless it is a list
    bool is_list = false;             // a JSON list, of any length
  };
  struct Row {
    size_t line = 0;            // where it begins, counted from 1; in a JSON list the object's number
    std::vector<Field> fields;  // of each column wanted
  };
  std::vector<std::string> columns;  // all that there are: the header's, or the fields of the first JSON object
  std::vector<Row> rows;             // filled by read()

  // `wanted` chooses columns by what there is: it gets `columns` and returns the names of those to keep.
  // Errors: invalid_argument, naming the file and the line.
  template <class Choose>
  static Result<Table> read(const std::filesystem::path& path, Choose&& choose) {
    Table table;
    LATFORMER_ASSIGN(const std::string text, table.open(path));
    LATFORMER_ASSIGN(const std::vector<std::string> wanted, choose(table.columns));
    LATFORMER_TRY(table.fill(path, text, wanted));
    return table;
  }

 private:
  Result<std::string> open(const std::filesystem::path& path);
  Status fill(const std::filesystem::path& path, const std::string& text, const std::vector<std::string>& wanted);
};

}  // namespace latformer::train
