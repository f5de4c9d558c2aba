#pragma once

#include <vector>

#include "ipfix/decoder.h"

namespace hostscope::ipfix::test {

inline std::vector<ExporterBooks> ExportersOf(const Decoder& decoder) {
  std::vector<ExporterBooks> exporters;
  decoder.CopyExporters(exporters);
  return exporters;
}

}  // namespace hostscope::ipfix::test
