#include "exporter/http/tls.h"

#include <boost/asio/ssl.hpp>
#include <stdexcept>

namespace hostscope::http {
namespace {

namespace ssl = boost::asio::ssl;

void CheckLoaded(const boost::system::error_code& error, const std::string& path) {
  if (error) throw std::runtime_error(path + ": " + error.message());
}

}  // namespace

std::unique_ptr<ssl::context> MakeTlsContext(const HttpOptions& options) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                       ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  context->use_certificate_chain_file(options.certificate_path, error);
  CheckLoaded(error, options.certificate_path);
  context->use_private_key_file(options.key_path, ssl::context::pem, error);
  CheckLoaded(error, options.key_path);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    throw std::runtime_error(options.key_path + ": is not the key of " + options.certificate_path);
  }
  return context;
}

std::string CheckTlsFiles(const HttpOptions& options) {
  if (!options.HasTls()) return {};
  try {
    MakeTlsContext(options);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace hostscope::http
