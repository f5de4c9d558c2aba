#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::exporter {

/// What an answer to a `_bulk` request means for one document.
enum class ItemFate : std::uint8_t {
  kDelivered,  ///< it is there: created now, or before (409, its id exists)
  kAgain,      ///< not now, but perhaps later: overload, or something that somebody can mend
  kRejected,   ///< the document itself is at fault
};

/// By the item's HTTP status. Overload (429, 503) and other troubles of the server pass; an index that is
/// blocked, missing or not permitted (401, 403, 404, 408) is not the document's fault, and somebody will mend
/// it.
ItemFate FateOf(int status) noexcept;

struct ItemAnswer {
  ItemFate fate = ItemFate::kAgain;
  int status = 0;
  std::string reason;  ///< "type: reason" as the server has it; empty where it is delivered
};

/// What to ask for, so that answers are short: the query of a `_bulk` request.
inline constexpr std::string_view kBulkQuery =
    "filter_path=errors,items.create.status,items.create.error.type,items.create.error.reason";

/// Reads answers to `_bulk` requests. Keeps its memory. One thread.
class BulkAnswerReader {
 public:
  BulkAnswerReader();
  ~BulkAnswerReader();

  /// Fills `items`, one for each document in order. Returns what is wrong with the answer, of which then
  /// nothing may be believed, or an empty string. `json` may have any content.
  std::string Read(std::string_view json, std::size_t documents, std::vector<ItemAnswer>& items);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace hostscope::exporter
