#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace hostscope::exporter {

/// The body of a `_bulk` request: for each document one line that says what to do with it, and the document
/// (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk). What to do is always
/// `create`, which data streams take alone and which refuses an id that is there already. The index is in the
/// request's URL.
///
/// Memory is taken once. One thread.
class BulkBody {
 public:
  /// Where documents are at most `max_document` long and ids `max_id`, a document fits as long as size() is
  /// below `capacity`. Ids are of characters that JSON does not escape.
  BulkBody(std::size_t capacity, std::size_t max_document, std::size_t max_id);

  /// Where the document of this id is to be written.
  char* Begin(std::string_view id) noexcept;
  /// It ends there. Where nothing was written the id is forgotten.
  void End(char* end);

  bool empty() const noexcept { return starts_.empty(); }
  /// How many documents.
  std::size_t documents() const noexcept { return starts_.size(); }
  std::size_t size() const noexcept { return size_; }
  /// Of the first `documents`.
  std::string_view text(std::size_t documents) const noexcept {
    return {text_.get(), documents == 0 ? 0 : EndOf(documents - 1)};
  }
  std::string_view text() const noexcept { return {text_.get(), size_}; }
  std::string_view id(std::size_t i) const noexcept;
  /// The i-th document, without its line end.
  std::string_view document(std::size_t i) const noexcept;

  void Clear() noexcept;
  /// Forgets all documents but those of which `keep` is true, in the order in which they were. `keep` has
  /// documents() entries.
  void Keep(const std::vector<bool>& keep);

 private:
  std::size_t EndOf(std::size_t i) const noexcept { return i + 1 < starts_.size() ? starts_[i + 1] : size_; }

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
  std::vector<std::size_t> starts_;  // of each document's first line
};

}  // namespace hostscope::exporter
