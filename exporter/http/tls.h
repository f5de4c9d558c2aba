#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "exporter/http/http_options.h"

namespace hostscope::http {

/// TLS 1.2 and 1.3 with the options' certificate and key. Throws std::runtime_error that names the file.
std::unique_ptr<boost::asio::ssl::context> MakeTlsContext(const HttpOptions& options);

/// What is wrong with the files that the options name; empty: nothing, or no TLS is asked for.
std::string CheckTlsFiles(const HttpOptions& options);

}  // namespace hostscope::http
