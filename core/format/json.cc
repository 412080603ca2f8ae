#include "core/format/json.h"

#include <yyjson.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "core/format/quote.h"

namespace latformer {

struct JsonSource {
  std::string file;
  yyjson_doc* document = nullptr;
  ~JsonSource() { yyjson_doc_free(document); }
};

namespace {

std::string_view text_of(yyjson_val* string) { return {yyjson_get_str(string), yyjson_get_len(string)}; }

// Whether brackets are nested more than `most` deep. yyjson itself does not recurse, but what walks its tree does.
[[gnu::noinline]] bool is_deeper(yyjson_doc* document, uint32_t most) {
  std::vector<const yyjson_val*> ends;  // of the arrays and objects around `value`, which lies with all others in a row
  yyjson_val* value = yyjson_doc_get_root(document);
  for (size_t left = yyjson_doc_get_val_count(document); left > 0; --left, ++value) {
    while (!ends.empty() && ends.back() == value) ends.pop_back();
    if (!yyjson_is_ctn(value)) continue;
    ends.push_back(unsafe_yyjson_get_next(value));
    if (ends.size() > most) return true;
  }
  return false;
}

std::string line_and_column(std::string_view text, size_t position) {
  const std::string_view before = text.substr(0, position);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 = 0
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(position - line_begin + 1);
}

bool is_plain_name(std::string_view key) {
  return !key.empty() && key.size() <= 80 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void extend(std::string& path, std::string_view key) {
  if (!is_plain_name(key)) {
    path += "[" + quote(key) + "]";
  } else {
    path += (path.empty() ? "" : ".") + std::string(key);
  }
}

// Appends the way from `root` to `wanted`, e.g. "model.vocab" or "acc[2]"; true if it is in there.
bool find_path(yyjson_val* root, const yyjson_val* wanted, std::string& path) {
  if (root == wanted) return true;
  const size_t length = path.size();
  size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(root, index, count, key, value) {
    extend(path, text_of(key));
    if (find_path(value, wanted, path)) return true;
    path.resize(length);
  }
  yyjson_arr_foreach(root, index, count, value) {
    path += "[" + std::to_string(index) + "]";
    if (find_path(value, wanted, path)) return true;
    path.resize(length);
  }
  return false;
}

std::string path_to(const JsonSource& source, const yyjson_val* value) {
  std::string path;
  find_path(yyjson_doc_get_root(source.document), value, path);
  return path;
}

// Whether all keys of a large object certainly differ, by their hashes alone: much cheaper than to sort them.
bool hashes_differ(yyjson_val* object) {
  constexpr size_t kMostProbes = 100;
  std::vector<uint64_t> seen(std::bit_ceil(2 * yyjson_obj_size(object)));
  size_t index, count;
  yyjson_val *key, *value;
  yyjson_obj_foreach(object, index, count, key, value) {
    const uint64_t hash = hash_of(text_of(key)) | 1;  // 0: a free place
    size_t at = hash ^ hash >> 32;
    for (size_t probes = 0; seen[at &= seen.size() - 1] != 0; ++at) {
      if (seen[at] == hash || ++probes > kMostProbes) return false;
    }
    seen[at] = hash;
  }
  return true;
}

// A key that a large object has twice, or null.
[[gnu::noinline]] yyjson_val* repeated_key_of_many(yyjson_val* object) {
  if (hashes_differ(object)) return nullptr;
  std::vector<yyjson_val*> keys;
  keys.reserve(yyjson_obj_size(object));
  size_t index, count;
  yyjson_val *key, *child;
  yyjson_obj_foreach(object, index, count, key, child) keys.push_back(key);
  std::sort(keys.begin(), keys.end(), [](yyjson_val* a, yyjson_val* b) { return text_of(a) < text_of(b); });
  const auto twice = std::adjacent_find(keys.begin(), keys.end(),
                                        [](yyjson_val* a, yyjson_val* b) { return text_of(a) == text_of(b); });
  return twice != keys.end() ? *twice : nullptr;
}

// A key that an object has twice, or null.
[[gnu::noinline]] yyjson_val* repeated_key(yyjson_val* object) {
  constexpr size_t kFew = 16;  // each is compared with each
  const size_t size = yyjson_obj_size(object);
  if (size > kFew) return repeated_key_of_many(object);
  yyjson_val* key = unsafe_yyjson_get_first(object);
  for (size_t i = 0; i + 1 < size; ++i, key = unsafe_yyjson_get_next(key + 1)) {
    yyjson_val* other = unsafe_yyjson_get_next(key + 1);
    for (size_t k = i + 1; k < size; ++k, other = unsafe_yyjson_get_next(other + 1)) {
      if (text_of(key) == text_of(other)) return other;
    }
  }
  return nullptr;
}

// A key that an object at or below `value` has twice, or null. Only `value`s that hold others are asked about.
yyjson_val* find_duplicate(yyjson_val* value, yyjson_val** owner) {
  if (yyjson_is_obj(value)) {
    if (yyjson_val* twice = repeated_key(value)) {
      *owner = value;
      return twice;
    }
  }
  size_t index, count;
  yyjson_val *key, *child;
  yyjson_obj_foreach(value, index, count, key, child) {
    if (!yyjson_is_ctn(child)) continue;
    if (yyjson_val* found = find_duplicate(child, owner)) return found;
  }
  yyjson_arr_foreach(value, index, count, child) {
    if (!yyjson_is_ctn(child)) continue;
    if (yyjson_val* found = find_duplicate(child, owner)) return found;
  }
  return nullptr;
}

}  // namespace

bool JsonValue::is_null() const { return yyjson_is_null(value_); }
bool JsonValue::is_bool() const { return yyjson_is_bool(value_); }
bool JsonValue::is_number() const { return yyjson_is_num(value_); }
bool JsonValue::is_string() const { return yyjson_is_str(value_); }
bool JsonValue::is_array() const { return yyjson_is_arr(value_); }
bool JsonValue::is_object() const { return yyjson_is_obj(value_); }

JsonValue JsonValue::operator[](std::string_view key) const {
  if (!exists()) return *this;  // what is missing is the value further up
  JsonValue member(source_, yyjson_obj_getn(value_, key.data(), key.size()));
  member.parent_ = value_;
  member.key_ = key;
  return member;
}

Status JsonValue::fault(std::string_view complaint, ErrorCode code) const {
  std::string path;
  if (exists()) {
    path = path_to(*source_, value_);
  } else {
    path = path_to(*source_, parent_);
    if (yyjson_is_obj(parent_)) {
      extend(path, key_);
      complaint = "is missing";
    } else {
      complaint = "must be an object";
    }
  }
  return {code, source_->file + ": " + (path.empty() ? "the document" : path) + " " + std::string(complaint)};
}

Result<bool> JsonValue::boolean() const {
  if (!is_bool()) return fault("must be true or false");
  return yyjson_get_bool(value_);
}

Result<double> JsonValue::number() const {
  if (!is_number()) return fault("must be a number");
  return yyjson_get_num(value_);  // yyjson refuses numbers beyond the range of double
}

Result<int64_t> JsonValue::integer(int64_t least, int64_t most) const {
  if (!yyjson_is_int(value_)) return fault("must be an integer");
  const bool too_large = yyjson_is_uint(value_) && yyjson_get_uint(value_) > static_cast<uint64_t>(INT64_MAX);
  const int64_t number = yyjson_get_sint(value_);
  if (too_large || number < least || number > most) {
    return fault("must be between " + std::to_string(least) + " and " + std::to_string(most));
  }
  return number;
}

Result<std::string_view> JsonValue::string() const {
  if (!is_string()) return fault("must be a string");
  return text_of(value_);
}

Result<JsonArray> JsonValue::array() const {
  if (!is_array()) return fault("must be an array");
  return JsonArray(source_, value_);
}

Result<JsonObject> JsonValue::object() const {
  if (!is_object()) return fault("must be an object");
  return JsonObject(source_, value_);
}

Result<bool> JsonValue::boolean_or(bool otherwise) const { return given() ? boolean() : otherwise; }
Result<double> JsonValue::number_or(double otherwise) const { return given() ? number() : otherwise; }
Result<int64_t> JsonValue::integer_or(int64_t otherwise, int64_t least, int64_t most) const {
  return given() ? integer(least, most) : otherwise;
}
Result<std::string_view> JsonValue::string_or(std::string_view otherwise) const {
  return given() ? string() : otherwise;
}

size_t JsonArray::size() const { return yyjson_arr_size(value_); }
JsonArray::Iterator JsonArray::begin() const { return {source_, yyjson_arr_get_first(value_), size()}; }
JsonArray::Iterator& JsonArray::Iterator::operator++() {
  if (--left_ > 0) value_ = unsafe_yyjson_get_next(value_);
  return *this;
}

size_t JsonObject::size() const { return yyjson_obj_size(value_); }
JsonObject::Iterator JsonObject::begin() const {
  return {source_, size() > 0 ? unsafe_yyjson_get_first(value_) : nullptr, size()};
}
JsonMember JsonObject::Iterator::operator*() const { return {text_of(key_), {source_, key_ + 1}}; }
JsonObject::Iterator& JsonObject::Iterator::operator++() {
  if (--left_ > 0) key_ = unsafe_yyjson_get_next(key_ + 1);
  return *this;
}

namespace {

// Python writes NaN, Infinity and -Infinity, which JSON does not have. In their place an object comes, which nobody
// takes for a number, and blanks, so that places stay what they are.
std::string without_python_numbers(std::string_view text) {
  std::string plain(text);
  bool in_string = false;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (in_string) {
      if (plain[i] == '\\') {
        ++i;
      } else {
        in_string = plain[i] != '"';
      }
      continue;
    }
    in_string = plain[i] == '"';
    for (const std::string_view number : {"NaN", "Infinity", "-Infinity"}) {
      if (!std::string_view(plain).substr(i).starts_with(number)) continue;
      plain.replace(i, number.size(), number.size(), ' ').replace(i, 2, "{}");
      break;
    }
  }
  return plain;
}

yyjson_doc* read(std::string_view text, yyjson_read_err& error) {
  // Without YYJSON_READ_INSITU the text is copied, not written to.
  return yyjson_read_opts(const_cast<char*>(text.data()), text.size(), YYJSON_READ_NOFLAG, nullptr, &error);
}

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view file, std::string_view text, JsonOptions options) {
  auto source = std::make_unique<JsonSource>();
  source->file = file;
  if (text.size() > options.max_bytes) {
    return bad_model(source->file + ": " + std::to_string(text.size()) + " bytes of JSON are more than the limit of " +
                     std::to_string(options.max_bytes));
  }
  yyjson_read_err error;
  source->document = read(text, error);
  if (source->document == nullptr &&
      (text.find("NaN") != std::string_view::npos || text.find("Infinity") != std::string_view::npos)) {
    source->document = read(without_python_numbers(text), error);
  }
  if (source->document == nullptr) {
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return out_of_memory("no memory to read " + source->file);
    if (text.empty()) return bad_model(source->file + ": the file is empty");
    return bad_model(source->file + ": not JSON at " + line_and_column(text, error.pos) + ": " + error.msg);
  }
  if (is_deeper(source->document, options.max_depth)) {
    return bad_model(source->file + ": nested deeper than " + std::to_string(options.max_depth) + " levels");
  }
  if (options.unique_keys) {
    yyjson_val* owner = nullptr;
    if (yyjson_val* key = find_duplicate(yyjson_doc_get_root(source->document), &owner)) {
      return JsonValue(source.get(), owner).fault("has the key " + quote(text_of(key)) + " twice");
    }
  }
  return JsonDocument(std::move(source));
}

JsonValue JsonDocument::root() const { return {source_.get(), yyjson_doc_get_root(source_->document)}; }

JsonDocument::JsonDocument(std::unique_ptr<JsonSource> source) : source_(std::move(source)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

}  // namespace latformer
