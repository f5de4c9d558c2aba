#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/http/message.h"

namespace hostscope::http {

/// Where a handler runs.
enum class RunOn : std::uint8_t {
  kWorker,  ///< a thread of the pool: may take its time
  kServer,  ///< the server's own thread, which everybody waits for: only what is there already
};

/// Which handler answers what. Filled before the server starts, then only read.
class Router {
 public:
  /// `pattern` is a path of literal segments, of {name}s that stand for one segment each, and perhaps of a
  /// last {name*} that stands for the rest, which may be empty: /api/hosts/{address}, /{path*}. A handler
  /// for kGet answers kHead too. Throws std::invalid_argument for a bad pattern or one that is there already.
  void Add(Method method, std::string_view pattern, Handler handler, RunOn where = RunOn::kWorker);

  struct Found {
    const Handler* handler = nullptr;  ///< null: none for that method, or none at all
    RunOn where = RunOn::kWorker;
    std::vector<NamedText> parameters;
    std::string allowed;  ///< methods that this path has, as in Allow; empty: nothing is there
  };
  /// The most specific pattern decides: from the left, a literal before a {name} before a {name*}.
  Found Find(Method method, const std::vector<std::string>& segments) const;

 private:
  struct Segment {
    enum class Kind : std::uint8_t { kLiteral, kName, kRest };  // by how specific they are
    Kind kind = Kind::kLiteral;
    std::string text;
  };
  struct Way {
    Method method = Method::kGet;
    Handler handler;
    RunOn where = RunOn::kWorker;
  };
  struct Route {
    std::vector<Segment> pattern;
    std::vector<Way> ways;
  };
  static std::vector<Segment> ParsePattern(std::string_view pattern);
  static bool Matches(const Route& route, const std::vector<std::string>& segments);
  static bool IsMoreSpecific(const Route& one, const Route& other) noexcept;
  static std::vector<NamedText> ParametersOf(const Route& route, const std::vector<std::string>& segments);

  std::vector<Route> routes_;
};

std::string_view NameOf(Method method) noexcept;

}  // namespace hostscope::http
