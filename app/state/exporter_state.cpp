#include "app/state/exporter_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "exporter/store/window_format.h"
#include "ipfix/template_reader.h"

namespace hostscope::app {
namespace {

constexpr std::string_view kMagic = "HOSTSCOP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxRecord = 65535;

ReceiveTime TimeOf(const ipfix::RememberedTemplate& known) {
  return known.notice.received;
}
ReceiveTime TimeOf(const ipfix::RememberedRate& known) {
  return known.received;
}

/// Not at every entry beyond `max`, which would be a search for each.
template <typename Map>
void ForgetOldest(Map& map, std::size_t max) {
  if (map.size() <= max + max / 8) return;
  std::vector<ReceiveTime> times;
  for (const auto& [key, known] : map) times.push_back(TimeOf(known));
  std::nth_element(times.begin(), times.end() - static_cast<std::ptrdiff_t>(max), times.end());
  const ReceiveTime oldest = *(times.end() - static_cast<std::ptrdiff_t>(max));
  std::erase_if(map, [&](const auto& entry) { return TimeOf(entry.second) < oldest; });
  for (auto at = map.begin(); map.size() > max && at != map.end();) {
    at = TimeOf(at->second) == oldest ? map.erase(at) : std::next(at);
  }
}

template <typename T>
void Put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
void Put(std::string& out, const Address& address) {
  out.append(reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size());
}

/// Reads values off the front; once there are too few bytes it is broken, and all values are 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T Get() {
    T value{};
    const std::string_view bytes = Take(sizeof(value));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  Address GetAddress() {
    Address address;
    const std::string_view bytes = Take(address.bytes.size());
    if (!bytes.empty()) std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
    return address;
  }
  std::string_view Take(std::size_t length) {
    if (length > rest_.size()) is_broken_ = true;
    if (is_broken_) return {};
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  bool is_broken() const { return is_broken_; }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_broken_ = false;
};

void PutTemplate(std::string& out, const ipfix::RememberedTemplate& known) {
  const ipfix::TemplateNotice& notice = known.notice;
  Put(out, notice.address);
  Put(out, notice.domain);
  Put(out, notice.port);
  Put(out, notice.id);
  Put(out, static_cast<std::uint8_t>(notice.syntax));
  Put(out, notice.received.ns);
  Put(out, static_cast<std::uint16_t>(known.record.size()));
  out.append(reinterpret_cast<const char*>(known.record.data()), known.record.size());
}

ipfix::RememberedTemplate GetTemplate(Reader& in) {
  ipfix::RememberedTemplate known;
  known.notice.address = in.GetAddress();
  known.notice.domain = in.Get<std::uint32_t>();
  known.notice.port = in.Get<std::uint16_t>();
  known.notice.id = in.Get<std::uint16_t>();
  known.notice.syntax = static_cast<ipfix::TemplateSyntax>(in.Get<std::uint8_t>() & 3U);
  known.notice.received.ns = in.Get<std::int64_t>();
  const std::string_view record = in.Take(in.Get<std::uint16_t>());
  known.record.assign(record.begin(), record.end());
  return known;
}

void PutRate(std::string& out, const ipfix::RememberedRate& known) {
  Put(out, known.address);
  Put(out, known.domain);
  Put(out, static_cast<std::uint8_t>(known.has_selector));
  Put(out, known.selector);
  Put(out, known.rate.population);
  Put(out, known.rate.sample);
  Put(out, known.received.ns);
}

ipfix::RememberedRate GetRate(Reader& in) {
  ipfix::RememberedRate known;
  known.address = in.GetAddress();
  known.domain = in.Get<std::uint32_t>();
  known.has_selector = in.Get<std::uint8_t>() != 0;
  known.selector = in.Get<std::uint64_t>();
  known.rate.population = std::max(in.Get<std::uint32_t>(), 1U);
  known.rate.sample = std::clamp(in.Get<std::uint32_t>(), 1U, known.rate.population);
  known.received.ns = in.Get<std::int64_t>();
  return known;
}

}  // namespace

void ExporterState::Note(ipfix::RememberedTemplate known) {
  if (known.record.size() > kMaxRecord) return;
  const ipfix::TemplateNotice& notice = known.notice;
  const TemplateKey key{notice.address, notice.port, notice.domain, notice.id};
  templates_[key] = std::move(known);
  ForgetOldest(templates_, max_templates_);
  ++version_;
}

void ExporterState::Note(const ipfix::RememberedRate& known) {
  rates_[{known.address, known.domain, known.has_selector, known.selector}] = known;
  ForgetOldest(rates_, max_rates_);
  ++version_;
}

std::shared_ptr<const ipfix::Remembered> ExporterState::Snapshot() const {
  std::vector<ipfix::RememberedTemplate> templates;
  for (const auto& [key, known] : templates_) templates.push_back(known);
  std::vector<ipfix::RememberedRate> rates;
  for (const auto& [key, known] : rates_) rates.push_back(known);
  return std::make_shared<const ipfix::Remembered>(std::move(templates), std::move(rates));
}

std::string ExporterState::Encode() const {
  std::string out(kMagic);
  Put(out, kVersion);
  Put(out, static_cast<std::uint32_t>(templates_.size()));
  Put(out, static_cast<std::uint32_t>(rates_.size()));
  for (const auto& [key, known] : templates_) PutTemplate(out, known);
  for (const auto& [key, known] : rates_) PutRate(out, known);
  Put(out, exporter::ChecksumOf(out));
  return out;
}

std::string ExporterState::Decode(std::string_view file) {
  constexpr std::size_t kChecksum = sizeof(std::uint64_t);
  Reader in(file.substr(0, file.size() - std::min(file.size(), kChecksum)));
  if (in.Take(kMagic.size()) != kMagic) return "is no file of exporters' state";
  const auto version = in.Get<std::uint32_t>();
  if (version != kVersion)
    return fmt::format("has version {}; this program reads version {}", version, kVersion);
  const std::size_t content = file.size() - kChecksum;
  if (Reader(file.substr(content)).Get<std::uint64_t>() != exporter::ChecksumOf(file.substr(0, content))) {
    return "is damaged: its checksum is wrong";
  }
  const auto template_count = in.Get<std::uint32_t>();
  const auto rate_count = in.Get<std::uint32_t>();
  std::vector<ipfix::RememberedTemplate> templates;
  std::vector<ipfix::RememberedRate> rates;
  for (std::uint32_t i = 0; i < template_count && !in.is_broken(); ++i) templates.push_back(GetTemplate(in));
  for (std::uint32_t i = 0; i < rate_count && !in.is_broken(); ++i) rates.push_back(GetRate(in));
  if (in.is_broken() || !in.is_at_end()) return "is damaged: it is not as long as it says";
  for (ipfix::RememberedTemplate& known : templates) Note(std::move(known));
  for (const ipfix::RememberedRate& known : rates) Note(known);
  return {};
}

}  // namespace hostscope::app
