#include "core/train/data/table.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/utf8.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

enum class Format { tsv, csv, jsonl, json, txt };

Result<Format> format_of(const fs::path& path, std::string_view text) {
  const std::string extension = path.extension().string();
  if (extension == ".tsv" || extension == ".tab") return Format::tsv;
  if (extension == ".csv") return Format::csv;
  if (extension == ".txt") return Format::txt;
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (extension == ".json" && first != text.npos && text[first] == '[') return Format::json;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return Format::jsonl;
  if (extension == ".parquet") {
    return invalid_argument(
        path.string() + ": Parquet is not read; Python writes it as JSON lines: " +
        "pandas.read_parquet(\"in.parquet\").to_json(\"out.jsonl\", orient=\"records\", lines=True)");
  }
  return invalid_argument(path.string() + ": its name ends neither in .tsv, .csv, .jsonl, .json nor .txt");
}

Status fault(const fs::path& path, size_t line, const std::string& what) {
  return invalid_argument(path.string() + ":" + std::to_string(line) + ": " + what);
}

// Errors: invalid_argument, naming the first line that is not UTF-8.
Status check_utf8(const fs::path& path, std::string_view text) {
  size_t line = 1;
  for (size_t at = 0; at < text.size();) {
    const utf8::CodePoint point = utf8::decode(text, at);
    if (point.is_ill_formed) {
      return fault(path, line, "is not UTF-8; convert the file, for example by iconv -f latin1 -t utf-8");
    }
    if (point.value == '\n') ++line;
    at += point.size;
  }
  return {};
}

// Calls row(line, fields) for each record until that fails. A row of nothing is passed over.
using TakeRow = std::function<Status(size_t line, std::vector<std::string> fields)>;

std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Status each_tsv_row(std::string_view text, const TakeRow& take) {
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = next_line(text);
    if (line.empty()) continue;
    std::vector<std::string> fields;
    for (;;) {
      const size_t tab = line.find('\t');
      fields.emplace_back(line.substr(0, tab));
      if (tab == line.npos) break;
      line.remove_prefix(tab + 1);
    }
    LATFORMER_TRY(take(number, std::move(fields)));
  }
  return {};
}

Status each_csv_row(const fs::path& path, std::string_view text, const TakeRow& take) {
  size_t line = 1;
  for (size_t at = 0; at < text.size();) {
    const size_t first_line = line;
    std::vector<std::string> fields;
    for (bool more = true; more;) {
      std::string field;
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          const size_t quote = text.find('"', at);
          if (quote == text.npos) return fault(path, first_line, "a quote in this record is never closed");
          const std::string_view part = text.substr(at, quote - at);
          line += static_cast<size_t>(std::count(part.begin(), part.end(), '\n'));
          field += part;
          at = quote + 1;
          if (at >= text.size() || text[at] != '"') break;
          field += '"';
        }
      }
      const size_t end = std::min(text.find_first_of(",\n", at), text.size());
      std::string_view plain = text.substr(at, end - at);
      more = end < text.size() && text[end] == ',';
      if (!more && plain.ends_with('\r')) plain.remove_suffix(1);
      if (!field.empty() && !plain.empty()) return fault(path, line, "text follows a closing quote: " + quote(plain));
      field += plain;
      at = end + 1;
      fields.push_back(std::move(field));
    }
    ++line;
    if (fields.size() == 1 && fields[0].empty()) continue;
    LATFORMER_TRY(take(first_line, std::move(fields)));
  }
  return {};
}

// The header first, as of a table.
Status each_line(std::string_view text, const TakeRow& take) {
  LATFORMER_TRY(take(0, {"text"}));
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = next_line(text);
    if (line.find_first_not_of(" \t") == line.npos) continue;
    LATFORMER_TRY(take(number, {std::string(line)}));
  }
  return {};
}

Status each_row(const fs::path& path, Format format, std::string_view text, const TakeRow& take) {
  if (format == Format::txt) return each_line(text, take);
  return format == Format::tsv ? each_tsv_row(text, take) : each_csv_row(path, text, take);
}

// A string, number or boolean as it would stand in a table.
Result<std::string> text_of(const JsonValue& value) {
  if (value.is_string()) {
    LATFORMER_ASSIGN(const std::string_view text, value.string());
    return std::string(text);
  }
  if (value.is_bool()) {
    LATFORMER_ASSIGN(const bool truth, value.boolean());
    return std::string(truth ? "1" : "0");
  }
  LATFORMER_ASSIGN(const double number, value.number());
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", number);
  return std::string(text);
}

Result<Table::Field> field_of(const JsonValue& value) {
  Table::Field field{.values = {}, .is_list = value.is_array()};
  if (!field.is_list) {
    LATFORMER_ASSIGN(std::string text, text_of(value));
    field.values.push_back(std::move(text));
    return field;
  }
  LATFORMER_ASSIGN(const JsonArray array, value.array());
  for (const JsonValue element : array) {
    LATFORMER_ASSIGN(std::string text, text_of(element));
    field.values.push_back(std::move(text));
  }
  return field;
}

Status not_an_error() { return cancelled("enough"); }  // ends a pass over the rows after the first

}  // namespace

Result<std::string> Table::open(const fs::path& path) {
  if (path.extension() == ".parquet") return format_of(path, "").status();  // before its bytes are taken for text
  LATFORMER_ASSIGN(std::string text, read_file(path, std::numeric_limits<uint64_t>::max()));
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);  // a byte order mark
  LATFORMER_ASSIGN(const Format format, format_of(path, text));
  LATFORMER_TRY(check_utf8(path, text));
  const auto take_names = [&](const JsonValue& value) -> Status {
    LATFORMER_ASSIGN(const JsonObject object, value.object());
    for (const JsonMember member : object) columns.emplace_back(member.key);
    return {};
  };
  if (format == Format::json) {
    LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(path.string(), text));
    LATFORMER_ASSIGN(const JsonArray objects, document.root().array());
    for (const JsonValue object : objects) {
      LATFORMER_TRY(take_names(object));
      break;
    }
  } else if (format != Format::jsonl) {
    const Status status = each_row(path, format, text, [&](size_t, std::vector<std::string> fields) {
      columns = std::move(fields);
      return not_an_error();
    });
    if (!status.ok() && status.code() != ErrorCode::cancelled) return status;
  } else {
    for (std::string_view rest = text; !rest.empty() && columns.empty();) {
      const std::string_view line = next_line(rest);
      if (line.find_first_not_of(" \t") == line.npos) continue;
      LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(path.string(), line));
      LATFORMER_TRY(take_names(document.root()));
    }
  }
  if (columns.empty()) return invalid_argument(path.string() + ": is empty");
  return text;
}

Status Table::fill(const fs::path& path, const std::string& text, const std::vector<std::string>& wanted) {
  LATFORMER_ASSIGN(const Format format, format_of(path, text));
  const auto add_object = [&](size_t number, const JsonValue& object) -> Status {
    Row row{.line = number, .fields = {}};
    for (const std::string& column : wanted) {
      auto field = field_of(object[column]);
      if (!field.ok()) return invalid_argument(field.status().message());
      row.fields.push_back(std::move(field).value());
    }
    rows.push_back(std::move(row));
    return {};
  };
  if (format == Format::json) {
    LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(path.string(), text));
    LATFORMER_ASSIGN(const JsonArray objects, document.root().array());
    size_t number = 0;
    for (const JsonValue object : objects) LATFORMER_TRY(add_object(++number, object));
    return {};
  }
  if (format == Format::jsonl) {
    std::string_view rest = text;
    for (size_t number = 1; !rest.empty(); ++number) {
      const std::string_view line = next_line(rest);
      if (line.find_first_not_of(" \t") == line.npos) continue;
      const std::string place = path.string() + ":" + std::to_string(number);
      auto document = JsonDocument::parse(place, line);
      if (!document.ok()) return invalid_argument(document.status().message());
      LATFORMER_TRY(add_object(number, document->root()));
    }
    return {};
  }
  std::vector<size_t> indexes;
  for (const std::string& column : wanted) {
    indexes.push_back(static_cast<size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin()));
  }
  bool is_header = true;
  return each_row(path, format, text, [&](size_t line, std::vector<std::string> fields) -> Status {
    if (std::exchange(is_header, false)) return {};
    if (fields.size() != columns.size()) {
      return fault(path, line,
                   std::to_string(fields.size()) + " fields, but the header has " + std::to_string(columns.size()));
    }
    Row row{.line = line, .fields = {}};
    for (const size_t index : indexes) row.fields.push_back({.values = {std::move(fields[index])}});
    rows.push_back(std::move(row));
    return {};
  });
}

}  // namespace latformer::train
