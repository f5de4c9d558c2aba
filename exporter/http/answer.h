#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exporter/http/events.h"
#include "exporter/http/exchange.h"
#include "exporter/http/server_state.h"

namespace hostscope::http {

/// What a handler, or a refusal, came to.
struct Answer {
  WireResponse wire;
  std::shared_ptr<EventSubscription> events;  ///< not null: a stream follows
  std::optional<Refusal> refusal;             ///< to be counted
};

// Any thread.

/// To a client that is known: calls the handler, if there is one.
Answer AnswerTo(ServerState& state, const AcceptedRequest& accepted);
Answer AnswerUnauthorized(const ServerState& state, const ResponseFacts& facts);
Answer AnswerRefusal(Refusal refusal, std::vector<NamedText> headers, const ResponseFacts& facts);

}  // namespace hostscope::http
