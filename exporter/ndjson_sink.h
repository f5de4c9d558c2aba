#pragma once

#include <optional>
#include <string>

#include "aggregator/network_record.h"
#include "exporter/context_source.h"
#include "exporter/encoding/json_encoder.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

struct NdjsonOptions {
  std::string path = "-";  ///< a file, opened to append and made where it is missing; "-": standard output
  std::string observer;
  Schema schema = Schema::kHostscope;
  bool sketches = false;  ///< adds the sketches of distinct counts to each role
  /// Levels of the network records; nothing: none are written. Schema stream4flow has none in any case.
  std::optional<aggregator::NetworkLevels> networks = std::nullopt;
  const ContextSource* context = nullptr;  ///< host records have it; lives longer. Null: none
};

/// A sink that writes one record a line (newline-delimited JSON) to a file, a pipe, a terminal or a socket.
///
/// Lines stay whole: a regular file gets pieces of about a MiB that end with a line, and if one was cut short
/// (disk full, size limit) the file is cut back to its last whole line; where a killed program left a torn
/// line, it is ended. A pipe gets pieces of at most PIPE_BUF bytes, which the kernel never mixes with those
/// of other writers. A reader that has gone away is an error of Write(), not a SIGPIPE.
///
/// An error ends the window: its remaining records are dropped. The next window is tried again. Write() waits
/// while a pipe is full, until Cancel(). Flush() of a regular file is fdatasync().
OpenedSink OpenNdjsonSink(const NdjsonOptions& options);

}  // namespace hostscope::exporter
