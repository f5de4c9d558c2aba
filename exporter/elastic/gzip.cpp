#include "exporter/elastic/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>

namespace hostscope::exporter {

struct Gzip::Stream {
  z_stream z{};
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipWindowBits = 15 + 16;
  constexpr int kMemoryLevel = 8;
  if (deflateInit2(&stream_->z, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib: no memory");
  }
}

Gzip::~Gzip() {
  deflateEnd(&stream_->z);
}

std::string_view Gzip::Pack(std::string_view text) {
  z_stream& z = stream_->z;
  deflateReset(&z);
  packed_.resize(std::max<std::size_t>(packed_.size(), deflateBound(&z, text.size())));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed_.data());
  z.avail_out = static_cast<uInt>(packed_.size());
  // All of it is there and all of it has room: one call.
  deflate(&z, Z_FINISH);
  return {packed_.data(), packed_.size() - z.avail_out};
}

}  // namespace hostscope::exporter
