// JSON of untrusted files: a small, safe face over yyjson.
//
//   LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", text));
//   LATFORMER_ASSIGN(const int64_t layers, document.root()["num_hidden_layers"].integer(1, 1000));
//   LATFORMER_ASSIGN(const JsonArray acc, document.root()["acc"].array());
//   for (const JsonValue value : acc) ...
//
// A value that is not there is no error until it is read, so look-ups chain: root["model"]["vocab"].object(). Every
// error is bad_model and names the file and the field: `config.json: num_hidden_layers is missing`.
//
// Strict RFC 8259: UTF-8 without byte order mark, no comments, no NaN. Depth and size are limited, and unless told
// otherwise an object that has a key twice is refused, for readers differ in which of the two they believe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

struct yyjson_doc;
struct yyjson_val;

namespace latformer {

struct JsonOptions {
  size_t max_bytes = size_t{64} << 20;
  uint32_t max_depth = 32;  // [[1]] has depth 2
  bool unique_keys = true;  // refuse a key that an object has twice; false if the reader looks after it
};

struct JsonSource;  // the parsed text and its file name
class JsonObject;
class JsonArray;

// A view of a value, present or not; good as long as its document lives.
class JsonValue {
 public:
  bool exists() const { return value_ != nullptr; }
  bool given() const { return exists() && !is_null(); }  // Hugging Face writes null for "by default"
  bool is_null() const;
  bool is_bool() const;
  bool is_number() const;
  bool is_string() const;
  bool is_array() const;
  bool is_object() const;

  // The member of an object; one that does not exist if this is no object or has no such key (which must outlive it).
  // Linear in the object's size: for many keys, go through object() instead.
  JsonValue operator[](std::string_view key) const;

  Result<bool> boolean() const;
  Result<double> number() const;                               // finite
  Result<int64_t> integer(int64_t least, int64_t most) const;  // written without fraction or exponent
  Result<std::string_view> string() const;                     // UTF-8; may hold U+0000
  Result<JsonArray> array() const;
  Result<JsonObject> object() const;

  // The same where absent or null means `otherwise`.
  Result<bool> boolean_or(bool otherwise) const;
  Result<double> number_or(double otherwise) const;
  Result<int64_t> integer_or(int64_t otherwise, int64_t least, int64_t most) const;
  Result<std::string_view> string_or(std::string_view otherwise) const;

  // An error about this value: "<file>: <path> <complaint>", e.g. fault("must not increase"). It searches the whole
  // document for the path, so make one only to report it.
  Status fault(std::string_view complaint, ErrorCode code = ErrorCode::bad_model) const;
  // The same of a value that is sound, but of a kind that Latformer does not run.
  Status unsupported(std::string_view complaint) const { return fault(complaint, ErrorCode::unsupported_model); }

 private:
  friend class JsonDocument;
  friend class JsonArray;
  friend class JsonObject;
  JsonValue(const JsonSource* source, yyjson_val* value) : source_(source), value_(value) {}

  const JsonSource* source_;
  yyjson_val* value_;             // null: not there, namely
  yyjson_val* parent_ = nullptr;  // in this value
  std::string_view key_;          // under this key
};

class JsonArray {
 public:
  class Iterator {
   public:
    JsonValue operator*() const { return {source_, value_}; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    friend class JsonArray;
    Iterator(const JsonSource* source, yyjson_val* value, size_t left) : source_(source), value_(value), left_(left) {}
    const JsonSource* source_;
    yyjson_val* value_;
    size_t left_;
  };
  size_t size() const;
  Iterator begin() const;
  Iterator end() const { return {source_, nullptr, 0}; }

 private:
  friend class JsonValue;
  JsonArray(const JsonSource* source, yyjson_val* value) : source_(source), value_(value) {}
  const JsonSource* source_;
  yyjson_val* value_;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

class JsonObject {
 public:
  class Iterator {
   public:
    JsonMember operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    friend class JsonObject;
    Iterator(const JsonSource* source, yyjson_val* key, size_t left) : source_(source), key_(key), left_(left) {}
    const JsonSource* source_;
    yyjson_val* key_;
    size_t left_;
  };
  size_t size() const;
  Iterator begin() const;  // in the order of the text
  Iterator end() const { return {source_, nullptr, 0}; }

 private:
  friend class JsonValue;
  JsonObject(const JsonSource* source, yyjson_val* value) : source_(source), value_(value) {}
  const JsonSource* source_;
  yyjson_val* value_;
};

class JsonDocument {
 public:
  // `file` is how errors call the text. Errors: bad_model (not JSON, with line and column; too large, too deep, a key
  // twice), out_of_memory.
  static Result<JsonDocument> parse(std::string_view file, std::string_view text, JsonOptions options = {});

  JsonValue root() const;

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

 private:
  explicit JsonDocument(std::unique_ptr<JsonSource> source);
  std::unique_ptr<JsonSource> source_;
};

}  // namespace latformer
