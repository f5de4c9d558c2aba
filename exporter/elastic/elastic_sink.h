#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/network_record.h"
#include "exporter/context_source.h"
#include "exporter/elastic/backoff.h"
#include "exporter/elastic/dead_letters.h"
#include "exporter/elastic/host_selection.h"
#include "exporter/elastic/http_client.h"
#include "exporter/elastic/index_setup.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

struct ElasticOptions {
  HttpOptions http;  ///< but for its slots: `connections`
  std::size_t connections = 2;
  std::string data_stream = "hostscope";  ///< what names begin with: elastic_names.h
  std::string observer;
  std::vector<std::int64_t> window_lengths_ns;  ///< of the windows that go there; empty: all
  HostSelection hosts;
  /// Levels of the network records; nothing: none are sent.
  std::optional<aggregator::NetworkLevels> networks = std::nullopt;
  std::size_t batch_bytes = std::size_t{4} << 20;  ///< of a request's body, before it is packed
  bool gzip = true;
  BackoffOptions backoff;
  IndexOptions index;
  DeadLetterOptions dead_letters;
  const ContextSource* context = nullptr;  ///< host records have it; lives longer. Null: none
};

/// One thing that is wrong with options, as the configuration says it.
struct ElasticProblem {
  std::string key;  ///< below the sink: "urls[0]"
  std::string wrong;
  std::string allowed;
};

/// Every problem of the options that can be found without a server and without files. Never has a secret in
/// it.
std::vector<ElasticProblem> CheckElasticOptions(const ElasticOptions& options);

/// A sink that writes to Elasticsearch (from 7.16 on) or OpenSearch (from 1.3 on): each record one document
/// of a data stream, created by `_bulk` with an id that follows from record_id, so that a record that is sent
/// again is there once. What is different in documents from other sinks' records: `host.network` is an
/// object,
/// {"prefix":"10.20.0.0/16"}, since the Elastic Common Schema has fields below that name.
///
/// Write() returns when every record is delivered or rejected; the window record is sent when that is so of
/// all others, so whoever finds it can read the whole window. Before the first window of each length, and
/// when the server was away, it looks after template and lifecycle policy. While the server can't be reached
/// or doesn't take documents, it tries on, with pauses, until Cancel(); rejected is what the server says is
/// the document's own fault (bulk_answer.h). `log` hears what is wrong, every 10 s at most.
///
/// Fails at once where a file of credentials, a certificate or the dead letters can't be opened.
OpenedSink OpenElasticSink(const ElasticOptions& options, LogFunction log);

}  // namespace hostscope::exporter
