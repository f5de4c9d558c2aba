#include "exporter/http/answer.h"

#include <exception>
#include <utility>

namespace hostscope::http {
namespace {

/// The answer of a handler that is there and may be asked.
Answer Ask(ServerState& state, const AcceptedRequest& accepted) {
  Answer answer;
  try {
    Response response = (*accepted.found.handler)(accepted.request);
    answer.events = response.events;
    std::string first = std::move(response.first_events);
    answer.wire = Encode(std::move(response), accepted.facts);
    if (answer.events != nullptr) answer.wire.body = std::make_shared<const std::string>(std::move(first));
  } catch (const std::exception& error) {
    state.log(accepted.request.target + ": " + error.what());
    answer.refusal = Refusal::kHandlerFailed;
    answer.events = nullptr;
    answer.wire = Encode(RefusalResponse(Refusal::kHandlerFailed), accepted.facts);
  }
  return answer;
}

}  // namespace

Answer AnswerRefusal(Refusal refusal, std::vector<NamedText> headers, const ResponseFacts& facts) {
  return {Encode(RefusalResponse(refusal, std::move(headers)), facts), nullptr, refusal};
}

Answer AnswerUnauthorized(const ServerState& state, const ResponseFacts& facts) {
  std::vector<NamedText> headers;
  for (std::string& challenge : state.access.challenges()) {
    headers.emplace_back("WWW-Authenticate", std::move(challenge));
  }
  return AnswerRefusal(Refusal::kUnauthorized, std::move(headers), facts);
}

Answer AnswerTo(ServerState& state, const AcceptedRequest& accepted) {
  if (accepted.found.handler != nullptr) return Ask(state, accepted);
  if (accepted.found.allowed.empty()) return AnswerRefusal(Refusal::kNotFound, {}, accepted.facts);
  const NamedText allow("Allow", accepted.found.allowed);
  if (accepted.request.method != Method::kOptions) {
    return AnswerRefusal(Refusal::kMethodNotAllowed, {allow}, accepted.facts);
  }
  Response response;
  response.status = 204;
  response.headers.push_back(allow);
  return {Encode(std::move(response), accepted.facts), nullptr, std::nullopt};
}

}  // namespace hostscope::http
