#pragma once

#include <span>

#include "exporter/http/static_files.h"

namespace hostscope::app {

/// The web console's files, which are part of the program; none where it was built without
/// (HOSTSCOPE_CONSOLE). Made by web/embed.py.
std::span<const http::EmbeddedFile> ConsoleFiles();

}  // namespace hostscope::app
