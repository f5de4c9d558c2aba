#include "exporter/http/static_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "exporter/http/gzip.h"
#include "exporter/http/negotiation.h"

namespace hostscope::http {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
constexpr std::size_t kShortestHash = 8;
constexpr int kBestCompression = 9;

struct ContentType {
  std::string_view ending;
  std::string_view type;
};
constexpr std::array kContentTypes{
    ContentType{".html", "text/html"},        ContentType{".js", "text/javascript"},
    ContentType{".mjs", "text/javascript"},   ContentType{".css", "text/css"},
    ContentType{".json", "application/json"}, ContentType{".map", "application/json"},
    ContentType{".svg", "image/svg+xml"},     ContentType{".png", "image/png"},
    ContentType{".jpg", "image/jpeg"},        ContentType{".ico", "image/x-icon"},
    ContentType{".webp", "image/webp"},       ContentType{".woff2", "font/woff2"},
    ContentType{".woff", "font/woff"},        ContentType{".txt", "text/plain"},
    ContentType{".md", "text/markdown"},      ContentType{".webmanifest", "application/manifest+json"},
    ContentType{".wasm", "application/wasm"},
};

std::string_view NameIn(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

std::string_view ContentTypeOf(std::string_view path) noexcept {
  for (const ContentType& one : kContentTypes) {
    if (path.ends_with(one.ending)) return one.type;
  }
  return "application/octet-stream";
}

bool HasHashedName(std::string_view path) noexcept {
  std::string_view name = NameIn(path);
  name = name.substr(0, name.rfind('.'));
  const std::size_t start = name.find_last_of("-.");
  if (start == std::string_view::npos) return false;
  const std::string_view hash = name.substr(start + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return hash.size() >= kShortestHash && std::any_of(hash.begin(), hash.end(), is_digit) &&
         std::all_of(hash.begin(), hash.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) Add(std::string(file.path), std::string(file.bytes));
}

StaticFiles StaticFiles::FromFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  StaticFiles files;
  std::size_t total = 0;
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.is_symlink()) continue;
      total += entry.file_size();
      if (total > kMaxBytes) throw std::runtime_error(folder + ": more than 256 MiB");
      std::ifstream file(entry.path(), std::ios::binary);
      std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      if (!file) throw std::runtime_error(entry.path().string() + ": can't be read");
      files.Add(entry.path().lexically_relative(folder).generic_string(), std::move(bytes));
    }
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(folder + ": " + error.code().message());
  }
  return files;
}

void StaticFiles::Add(std::string path, std::string bytes) {
  Response response = Response::Of(std::string(ContentTypeOf(path)), std::move(bytes)).WithEtag();
  if (IsCompressible(response.content_type)) {
    std::optional<std::string> compressed = Gzip(*response.body, kBestCompression);
    if (compressed && compressed->size() < response.body->size()) {
      response.gzip_body = std::make_shared<const std::string>(*std::move(compressed));
    }
  }
  if (HasHashedName(path)) response.cache_control = "public, max-age=31536000, immutable";
  files_.insert_or_assign(std::move(path), std::move(response));
}

Response StaticFiles::Get(std::string_view path) const {
  auto found = files_.find(path);
  // The console's pages have paths that only its script knows.
  if (found == files_.end() && NameIn(path).find('.') == std::string_view::npos) {
    found = files_.find("index.html");
  }
  if (found == files_.end()) return Response::Error(404, "nothing is here");
  return found->second;
}

void StaticFiles::AddTo(Router& router) const {
  router.Add(
      Method::kGet, "/{path*}", [this](const Request& request) { return Get(request.Parameter("path")); },
      RunOn::kServer);
}

}  // namespace hostscope::http
