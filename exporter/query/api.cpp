#include "exporter/query/api.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"
#include "exporter/query/api_text.h"
#include "exporter/query/context_answers.h"
#include "exporter/query/record_list.h"
#include "exporter/query/search_text.h"

namespace hostscope::exporter {
namespace {

constexpr std::size_t kUsualRecords = 100;
// How far back a search looks for a host, in windows of each length.
constexpr std::int64_t kWindowsToSearch = 60;
constexpr std::size_t kHostsFound = 10;
constexpr std::size_t kUsualValues = 100;
constexpr std::size_t kMostValues = 10'000;

unsigned StatusOf(QueryFault fault) noexcept {
  switch (fault) {
    case QueryFault::kWrongRequest:
      return 400;
    case QueryFault::kNotFound:
      return 404;
    case QueryFault::kTooMuch:
      return 422;
    case QueryFault::kDamaged:
      break;
  }
  return 500;
}

ApiAnswer ErrorAnswer(unsigned status, std::string_view message) {
  return {
      status,
      Join("{\"error\":{\"status\":", std::to_string(status), ",\"message\":", JsonString(message), "}}\n"),
      false};
}

}  // namespace

Api::Api(WindowSource& source, ApiOptions options) : source_(source), options_(std::move(options)) {}

const std::vector<Api::Route>& Api::Routes() {
  static const std::vector<Route> kRoutes = {
      {"status", &Api::Status},
      {"windows", &Api::Windows},
      {"tile", &Api::Tile},
      {"series", &Api::Series},
      {"top", &Api::Top},
      {"networks", &Api::Networks},
      {"search", &Api::Search},
      {"context", &Api::Context},
      {"exporters", &Api::Exporters},
      {"stats", &Api::Stats},
      {"anomalies", &Api::Anomalies},
  };
  return kRoutes;
}

std::vector<std::string_view> Api::Paths() {
  std::vector<std::string_view> paths;
  for (const Route& route : Routes()) paths.push_back(route.path);
  return paths;
}

ApiAnswer Api::Answer(std::string_view path, const Parameters::List& parameters) const {
  const auto& routes = Routes();
  const auto route =
      std::find_if(routes.begin(), routes.end(), [path](const Route& each) { return each.path == path; });
  if (route == routes.end()) return ErrorAnswer(404, Join("there is no ", std::string(path), " here"));
  try {
    return (this->*route->answer)(Parameters(parameters));
  } catch (const QueryError& error) {
    return ErrorAnswer(StatusOf(error.fault()), error.what());
  } catch (const std::exception& error) {  // no memory, mostly
    return ErrorAnswer(500, error.what());
  }
}

std::string Api::EventOf(const aggregator::ClosedWindow& window) const {
  RecordList records(options_.observer);
  records.SetWindow(window.span(), window.partial());
  records.Add(window.summary(), 0);
  return records.items();
}

std::vector<std::string> Api::AnomaliesOf(const aggregator::ClosedWindow& window) const {
  std::vector<std::string> texts;
  if (window.CountEvents() == 0) return texts;
  RecordList records(options_.observer);
  records.SetWindow(window.span(), window.partial());
  for (const aggregator::ProfileEvent& event : window.Events()) {
    records.Add(event);
    texts.push_back(records.TakeItems());
    if (texts.size() == kMostAnomalies) break;
  }
  return texts;
}

// `start` names one window, `from` and `to` a range, and nothing the newest window.
WindowRange Api::RangeOf(const Query& query, const Parameters& parameters) const {
  const std::int64_t length = parameters.Length();
  const auto start = parameters.Time("start");
  const auto from = parameters.Time("from");
  const auto to = parameters.Time("to");
  if (from.has_value() != to.has_value() || (start && from))
    throw QueryError(QueryFault::kWrongRequest, "give start, or from and to, or none of them");
  if (from) return {length, *from, *to};
  if (!start) return query.Newest(length);
  const WindowRange range{length, *start, ReceiveTime{start->ns + length}};
  const auto windows = source_.List(length, range.from, range.to);
  if (windows.size() == 0 || windows.front().id.span.start != *start)
    throw QueryError(QueryFault::kNotFound, Join("there is no window of ", Seconds(length), " s at ",
                                                 TimeText(*start), ", or not any more"));
  return range;
}

// All that is to come comes after the newest window; what is stored in parts may get another one.
bool Api::IsFinal(const WindowRange& range, const Parameters& parameters) const {
  if (!parameters.Has("start") && !parameters.Has("from")) return false;
  const auto newest = source_.Newest(range.length_ns);
  return newest && range.to <= newest->span.start;
}

ApiAnswer Api::Status(const Parameters& parameters) const {
  parameters.CheckNames({});
  std::string body = Join("{\"observer\":{\"name\":", JsonString(options_.observer),
                          "},\"version\":", JsonString(options_.version),
                          ",\"history\":", JsonString(options_.history), ",\"networks\":[");
  AppendList(body, options_.networks, [](const Prefix& prefix) { return Quoted(ToText(prefix)); });
  body += "],\"levels\":{\"ipv4\":[";
  const auto number = [](unsigned level) { return std::to_string(level); };
  const aggregator::NetworkLevels levels = options_.levels.value_or(aggregator::NetworkLevels{{}, {}});
  AppendList(body, levels.ipv4, number);
  body += "],\"ipv6\":[";
  AppendList(body, levels.ipv6, number);
  body += "]}";
  if (options_.profiles_length_ns != 0)
    body += Join(",\"profiles\":{\"seconds\":", Seconds(options_.profiles_length_ns), "}");
  body += ",\"lengths\":[";
  AppendList(body, options_.lengths_ns, [this](std::int64_t length) {
    const auto all = source_.List(length, ReceiveTime{INT64_MIN / 2}, ReceiveTime{INT64_MAX / 2});
    std::string item = Join("{\"seconds\":", Seconds(length), ",\"windows\":", std::to_string(all.size()));
    if (!all.empty()) {
      item += Join(",\"oldest\":", Quoted(TimeText(all.front().id.span.start)),
                   ",\"newest\":", Quoted(TimeText(all.back().id.span.start)));
    }
    return Join(item, "}");
  });
  body += Join("],\"limits\":{\"windows\":", std::to_string(options_.limits.windows),
               ",\"rows\":", std::to_string(options_.limits.rows),
               ",\"depth\":", std::to_string(options_.limits.depth),
               ",\"records\":", std::to_string(options_.limits.records), "}}\n");
  return {200, std::move(body), false};
}

ApiAnswer Api::Windows(const Parameters& parameters) const {
  parameters.CheckNames({"seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  RecordList records(options_.observer);
  query.ForEachWindow(range, [&](const StoredWindow& window) {
    records.SetWindow(window.span(), window.partial());
    records.Add(window.summary(), options_.levels ? window.CountNetworks(*options_.levels) : 0);
  });
  return {200, Join("{\"records\":[", records.items(), "],", ReadText(query.cost()), "}\n"),
          IsFinal(range, parameters)};
}

ApiAnswer Api::Tile(const Parameters& parameters) const {
  parameters.CheckNames(
      {"prefix", "depth", "metrics", "attributes", "role", "seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  const Prefix prefix = parameters.PrefixIn("prefix").value_or(Prefix::AllIpv4());
  constexpr unsigned kUsualDepth = 8;
  const auto depth = static_cast<unsigned>(parameters.Number("depth", kUsualDepth, 128));
  const std::vector<Metric> metrics = parameters.Metrics();
  const std::vector<std::string> attributes = parameters.Attributes();
  const exporter::Tile tile = query.ReadTile(range, prefix, depth, parameters.Role());
  std::string body = Join("{\"prefix\":", Quoted(ToText(prefix)), ",\"depth\":", std::to_string(depth), ",",
                          RangeText(range), ",\"cells\":[");
  AppendList(body, tile.cells, [](std::uint32_t cell) { return std::to_string(cell); });
  body += "],\"values\":{";
  AppendList(body, metrics, [&tile](Metric metric) {
    std::string item = Join(Quoted(kMetricNames[static_cast<std::size_t>(metric)].name), ":[");
    for (std::size_t i = 0; i < tile.totals.size(); ++i) {
      if (i > 0) item += ',';
      AppendValue(metric, tile.totals[i], item);
    }
    return Join(item, "]");
  });
  body += Join("}", AttributesMember(options_.context, attributes, prefix, depth, tile), ",",
               ReadText(query.cost()), "}\n");
  return {200, std::move(body), attributes.empty() && IsFinal(range, parameters)};
}

ApiAnswer Api::Series(const Parameters& parameters) const {
  parameters.CheckNames({"host", "prefix", "seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  const auto host = parameters.Host();
  if (host.has_value() == parameters.Has("prefix"))
    throw QueryError(QueryFault::kWrongRequest, "give host or prefix");
  RecordList records(options_.observer);
  std::vector<ReceiveTime> starts;
  const auto note = [&](const StoredWindow& window, const auto* record) {
    if (starts.empty() || starts.back() != window.span().start) starts.push_back(window.span().start);
    if (record == nullptr) return;
    records.SetWindow(window.span(), window.partial());
    records.Add(*record);
  };
  std::string body = "{";
  std::string known;  // which may be otherwise the next time
  if (host) {
    query.ForHost(range, *host, note);
    known = ContextMember(options_.context, Prefix::Of(*host));
    body += Join("\"host\":", Quoted(ToText(*host)), known);
  } else {
    const Prefix prefix = *parameters.PrefixIn("prefix");
    const bool is_united = HasRecords(prefix);
    is_united ? query.ForNetwork(range, prefix, note) : query.ForPrefix(range, prefix, note);
    body += Join("\"prefix\":", Quoted(ToText(prefix)),
                 ",\"distinct\":", (is_united ? "\"union\"" : "\"largest host\""));
  }
  body += Join(",", RangeText(range), ",\"windows\":[");
  AppendList(body, starts, [](ReceiveTime start) { return Quoted(TimeText(start)); });
  body += Join("],\"records\":[", records.items(), "],", ReadText(query.cost()), "}\n");
  return {200, std::move(body), known.empty() && IsFinal(range, parameters)};
}

ApiAnswer Api::Top(const Parameters& parameters) const {
  parameters.CheckNames({"by", "role", "prefix", "n", "seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  const auto prefix = parameters.PrefixIn("prefix");
  const Metric by = parameters.MetricBy("by", Metric::kBytes);
  const std::size_t count = parameters.Number("n", kUsualRecords, SIZE_MAX >> 1);
  RecordList records(options_.observer);
  const std::vector<TopHost> hosts = query.TopHosts(range, prefix, by, parameters.Role(), count);
  for (const TopHost& top : hosts) {
    records.SetWindow(top.span, top.is_partial);
    records.Add(top.record);
  }
  const std::string names = NamesMember(options_.context, hosts);
  return {200,
          Join("{", RangeText(range), ",\"records\":[", records.items(), "]", names, ",",
               ReadText(query.cost()), "}\n"),
          names.empty() && IsFinal(range, parameters)};
}

ApiAnswer Api::Networks(const Parameters& parameters) const {
  parameters.CheckNames({"by", "role", "within", "level", "n", "seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  NetworkChoice choice;
  choice.within = parameters.PrefixIn("within");
  if (parameters.Has("level")) choice.level = static_cast<unsigned>(parameters.Number("level", 0, 127));
  const std::size_t count = parameters.Number("n", kUsualRecords, SIZE_MAX >> 1);
  RecordList records(options_.observer);
  for (const TopNetwork& top : query.TopNetworks(range, choice, parameters.MetricBy("by", Metric::kBytes),
                                                 parameters.Role(), count)) {
    records.SetWindow(top.span, top.is_partial);
    records.Add(top.record);
  }
  return {200,
          Join("{", RangeText(range), ",\"records\":[", records.items(), "],", ReadText(query.cost()), "}\n"),
          IsFinal(range, parameters)};
}

ApiAnswer Api::Search(const Parameters& parameters) const {
  parameters.CheckNames({"q"});
  const SearchTarget target = ReadSearch(parameters.Text("q"));
  if (target.host) return {200, SearchHost(*target.host), false};
  if (target.prefix) return {200, SearchPrefix(*target.prefix), false};
  const std::string found = FoundByName(options_.context, parameters.Text("q"), kHostsFound);
  if (!found.empty()) return {200, Join("{\"found\":[", found, "]}\n"), false};
  const bool has_names = options_.context != nullptr;
  return ErrorAnswer(has_names ? 404 : 400,
                     Join("q=", parameters.Text("q"), has_names ? " is no name of a host, and" : "",
                          " can't be read; it is an address or a prefix, or how one begins: 10.1"));
}

std::string Api::SearchHost(const Address& host) const {
  const Prefix all = Prefix::Of(host);
  std::string body = Join("{\"host\":", Quoted(ToText(host)), ",\"network\":", NetworkOf(all),
                          ContextMember(options_.context, all));
  Query query(source_, options_.limits);
  ReceiveTime last{INT64_MIN};
  std::int64_t length_of_last = 0;
  for (const std::int64_t length : source_.Lengths()) {
    const WindowRange newest = query.Newest(length);
    const WindowRange range{length, ReceiveTime{newest.to.ns - kWindowsToSearch * length}, newest.to};
    query.ForHost(range, host, [&](const StoredWindow& window, const aggregator::HostRecord* record) {
      if (record == nullptr || !(last < window.span().start)) return;
      last = window.span().start;
      length_of_last = length;
    });
    if (length_of_last != 0) break;
  }
  if (length_of_last != 0)
    body += Join(",\"last_seen\":{\"start\":", Quoted(TimeText(last)),
                 ",\"seconds\":", Seconds(length_of_last), "}");
  return Join(body, ",", ReadText(query.cost()), "}\n");
}

std::string Api::SearchPrefix(const Prefix& prefix) const {
  std::string body = Join("{\"prefix\":", Quoted(ToText(prefix)), ",\"network\":", NetworkOf(prefix));
  Query query(source_, options_.limits);
  RecordList records(options_.observer);
  if (const auto lengths = source_.Lengths(); !lengths.empty()) {
    for (const TopHost& top : query.TopHosts(query.Newest(lengths.front()), prefix, Metric::kFlows,
                                             aggregator::Role::kSent, kHostsFound)) {
      records.SetWindow(top.span, top.is_partial);
      records.Add(top.record);
    }
  }
  return Join(body, ",\"records\":[", records.items(), "],", ReadText(query.cost()), "}\n");
}

ApiAnswer Api::Context(const Parameters& parameters) const {
  parameters.CheckNames({"host", "attribute", "n"});
  const auto host = parameters.Host();
  if (host.has_value() && parameters.Has("attribute"))
    throw QueryError(QueryFault::kWrongRequest, "give host or attribute, or none of them");
  if (host) {
    std::string known = ContextMember(options_.context, Prefix::Of(*host));
    if (known.empty()) known = ",\"context\":{}";
    return {200, Join("{\"host\":", Quoted(ToText(*host)), known, "}\n"), false};
  }
  if (!parameters.Has("attribute"))
    return {200, Join("{\"attributes\":[", AttributeList(options_.context), "]}\n"), false};
  const std::string& name = parameters.Text("attribute");
  std::size_t others = 0;
  const std::string values =
      ValueList(options_.context, name, parameters.Number("n", kUsualValues, kMostValues), others);
  return {200,
          Join("{\"attribute\":", JsonString(name), ",\"values\":[", values,
               "],\"others\":", std::to_string(others), "}\n"),
          false};
}

ApiAnswer Api::Anomalies(const Parameters& parameters) const {
  parameters.CheckNames({"host", "prefix", "kind", "state", "n", "seconds", "start", "from", "to"});
  Query query(source_, options_.limits);
  const WindowRange range = RangeOf(query, parameters);
  const auto host = parameters.Host();
  if (host && parameters.Has("prefix"))
    throw QueryError(QueryFault::kWrongRequest, "give host or prefix, or none of them");
  AnomalyChoice choice;
  choice.within = host ? std::optional(Prefix::Of(*host)) : parameters.PrefixIn("prefix");
  choice.kind = parameters.Kind();
  constexpr std::size_t kOpen = 1;
  const std::size_t state = parameters.Choice("state", {"all", "open", "closed"});
  if (state != 0) choice.is_open = state == kOpen;
  const std::size_t count = parameters.Number("n", kUsualRecords, SIZE_MAX >> 1);
  RecordList records(options_.observer);
  for (const FoundAnomaly& anomaly : query.Anomalies(range, choice, count)) {
    records.SetWindow(anomaly.span, false);
    records.Add(anomaly.event);
  }
  return {200,
          Join("{", RangeText(range), ",\"records\":[", records.items(), "],", ReadText(query.cost()), "}\n"),
          IsFinal(range, parameters)};
}

ApiAnswer Api::Exporters(const Parameters& parameters) const {
  return {200, options_.exporters(parameters), false};
}

ApiAnswer Api::Stats(const Parameters& parameters) const {
  parameters.CheckNames({});
  return {200, options_.stats(), false};
}

// The most specific monitored network around it, as JSON.
std::string Api::NetworkOf(const Prefix& prefix) const {
  const Prefix* network = nullptr;
  for (const Prefix& each : options_.networks) {
    if (each.Contains(prefix) && (network == nullptr || network->length < each.length)) network = &each;
  }
  return network == nullptr ? "null" : Quoted(ToText(*network));
}

// Whether there are network records of it, which unite distinct counts.
bool Api::HasRecords(const Prefix& prefix) const {
  if (!options_.levels) return false;
  const auto& networks = options_.networks;
  if (std::find(networks.begin(), networks.end(), prefix) != networks.end()) return true;
  const auto& levels = prefix.IsIpv4() ? options_.levels->ipv4 : options_.levels->ipv6;
  return std::find(levels.begin(), levels.end(), prefix.written_length()) != levels.end() &&
         NetworkOf(prefix) != "null";
}

}  // namespace hostscope::exporter
