#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "app/doctor/checks.h"
#include "exporter/http/http_options.h"

namespace hostscope::app {
namespace {

/// The error of binding to the address, which is given back at once; 0: none.
int TryToBind(const http::ListenAddress& listen) {
  const int family = listen.address.IsIpv4() ? AF_INET : AF_INET6;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  const int on = 1;  // as the server does: connections of one that has ended are in nobody's way
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(address);
    ipv4.sin_addr.s_addr = listen.address.ipv4_bits();
    ipv4.sin_port = htons(listen.port);
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address);
    std::memcpy(&ipv6.sin6_addr, listen.address.bytes.data(), listen.address.bytes.size());
    ipv6.sin6_port = htons(listen.port);
  }
  const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  // Of two programs that both set SO_REUSEADDR, the second is refused only when it listens.
  const bool is_good = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
                       ::listen(descriptor, 1) == 0;
  const int error = is_good ? 0 : errno;
  close(descriptor);
  return error;
}

}  // namespace

void CheckHttp(const Config& config, Findings& findings) {
  if (!config.http.is_enabled) return;
  for (const http::OptionProblem& problem : http::CheckHttpFiles(config.http)) {
    findings.push_back(
        {"http", Verdict::kFail, problem.key + " " + problem.wrong, "needed: " + problem.allowed});
  }
  const std::string check = "http " + http::ToText(config.http.listen);
  const std::string port = std::to_string(config.http.listen.port);
  switch (const int error = TryToBind(config.http.listen); error) {
    case 0:
      findings.push_back({check, Verdict::kOk, "can be listened on", ""});
      break;
    case EADDRINUSE:
      findings.push_back({check, Verdict::kWarn, "is in use: by a running appliance, or by another program",
                          "ss -ltnp 'sport = :" + port + "' says by which; another port: http.listen"});
      break;
    case EADDRNOTAVAIL:
      findings.push_back(
          {check, Verdict::kFail, "is no address of this machine", "correct http.listen; ip address"});
      break;
    default:
      findings.push_back({check, Verdict::kFail, std::string("can't be listened on: ") + std::strerror(error),
                          "a port from 1024 up in http.listen"});
  }
}

}  // namespace hostscope::app
