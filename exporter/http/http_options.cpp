#include "exporter/http/http_options.h"

#include <charconv>
#include <string>

#include "exporter/encoding/address_text.h"
#include "exporter/http/access.h"
#include "exporter/http/tls.h"

namespace hostscope::http {

Address HttpOptions::DefaultAddress() noexcept {
  return *exporter::ParseAddress("127.0.0.1");
}

bool ListenAddress::IsLoopback() const noexcept {
  return address.IsIpv4() ? address.bytes[12] == 127 : address == exporter::ParseAddress("::1");
}

std::optional<ListenAddress> ParseListenAddress(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view number = text.substr(colon + 1);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const std::optional<Address> address = exporter::ParseAddress(host);
  const bool is_v6_text = host.find(':') != std::string_view::npos;
  if (!address || is_v6_text != is_bracketed) return std::nullopt;
  ListenAddress listen{*address, 0};
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), listen.port);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return listen;
}

std::string ToText(const ListenAddress& listen) {
  const std::string address = exporter::ToText(listen.address);
  return (listen.address.IsIpv4() ? address : "[" + address + "]") + ":" + std::to_string(listen.port);
}

std::vector<OptionProblem> CheckHttpOptions(const HttpOptions& options) {
  std::vector<OptionProblem> problems;
  if (!options.is_enabled) return problems;
  if (!options.listen.IsLoopback() && !options.HasAccessControl()) {
    problems.push_back(
        {"listen",
         ToText(options.listen) + " can be reached from other machines, and nothing controls access",
         "a loopback address such as 127.0.0.1:8080, or any with http.tokens or http.passwords"});
  }
  if (options.certificate_path.empty() != options.key_path.empty()) {
    const bool has_key = !options.key_path.empty();
    problems.push_back({"tls", has_key ? "has a key but no certificate" : "has a certificate but no key",
                        "both, or neither"});
  }
  return problems;
}

std::vector<OptionProblem> CheckHttpFiles(const HttpOptions& options) {
  if (!options.is_enabled) return {};
  std::vector<OptionProblem> problems = Access::Open(options).problems;
  if (const std::string wrong = CheckTlsFiles(options); !wrong.empty()) {
    problems.push_back({"tls", wrong, "PEM files of a certificate and its key"});
  }
  return problems;
}

}  // namespace hostscope::http
