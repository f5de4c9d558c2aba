#include "exporter/http/http_client.h"

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>

namespace hostscope::http {
namespace {

constexpr std::size_t kMaxBody = 64 << 20;
constexpr std::int64_t kNsPerMs = 1'000'000;

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

void InitCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  std::string found;
  if (curl_url_get(url, part, &text, flags) == CURLUE_OK) found = text;
  curl_free(text);
  return found;
}

bool IsIpv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

std::string UrlOf(const ServerUrl& server, std::string_view path) {
  const std::string host = IsIpv6(server.host) ? "[" + server.host + "]" : server.host;
  return (server.has_tls ? "https://" : "http://") + host + ":" + server.port + std::string(path);
}

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* to) noexcept {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size > kMaxBody) return 0;  // ends it
  body.append(data, size);
  return size;
}

}  // namespace

std::optional<ServerUrl> ParseServerUrl(std::string_view text) {
  const std::unique_ptr<CURLU, UrlDeleter> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  const std::string scheme = Part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  if (Part(parsed.get(), CURLUPART_PATH) != "/") return std::nullopt;
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!Part(parsed.get(), part).empty()) return std::nullopt;
  }
  ServerUrl url;
  url.has_tls = scheme == "https";
  url.host = Part(parsed.get(), CURLUPART_HOST);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.port = Part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return url;
}

ClientReply Get(const ClientOptions& options, std::string_view path) {
  InitCurl();
  ClientReply reply;
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  if (easy == nullptr) {
    reply.problem = "libcurl: no memory";
    return reply;
  }
  std::array<char, CURL_ERROR_SIZE> why{};
  std::unique_ptr<curl_slist, ListDeleter> headers;
  const std::string url = UrlOf(options.server, path);
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, why.data());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");  // whom the token is for is who gets it
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout_ns / kNsPerMs));
  if (!options.ca_path.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_CAINFO, options.ca_path.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_CAPATH, nullptr);  // these authorities, and no others
  }
  if (!options.token.empty()) {
    headers.reset(curl_slist_append(nullptr, ("Authorization: Bearer " + options.token).c_str()));
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode result = curl_easy_perform(easy.get());
  if (result != CURLE_OK) {
    reply.body.clear();
    reply.problem = why[0] != '\0' ? why.data() : curl_easy_strerror(result);
    return reply;
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<unsigned>(status);
  return reply;
}

}  // namespace hostscope::http
