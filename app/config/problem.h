#pragma once

#include <map>
#include <string>
#include <vector>

namespace hostscope::app {

/// One thing that is wrong with a configuration.
struct Problem {
  int line = 0;         ///< 0: of the file as a whole
  std::string key;      ///< with its sections: "ports[0].queues"
  std::string wrong;    ///< what is wrong
  std::string allowed;  ///< what is allowed
};

/// Line of every key that a file holds, by its name with sections.
using KeyLines = std::map<std::string, int>;

/// `FILE:LINE: key: what is wrong; what is allowed`.
std::string FormatProblem(const std::string& file, const Problem& problem);

}  // namespace hostscope::app
