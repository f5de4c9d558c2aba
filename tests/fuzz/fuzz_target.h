#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

/// What every target defines: takes any bytes, and ends the process where a promise is broken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hostscope::fuzz {

/// Ends the process with a message when `holds` is false, also in builds without asserts.
inline void Require(bool holds, const char* promise, const std::string& detail = "") {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n%s\n", promise, detail.c_str());
  std::abort();
}

}  // namespace hostscope::fuzz
