#pragma once

#include <cstddef>
#include <string>

#include "app/config/config.h"
#include "app/doctor/finding.h"
#include "app/doctor/system_view.h"

/// What `hostscope doctor` looks at. Each adds one finding for each thing; nothing is changed but a file that
/// is made and removed where records will go.
namespace hostscope::app {

/// x86-64-v3, for which the program is built, and the time stamp counter, which is its clock.
void CheckProcessor(const SystemView& system, Findings& findings);
/// Whether the workers' cores are there, and theirs alone.
void CheckCores(const Config& config, const SystemView& system, Findings& findings);
/// Each port's device and the driver that has it.
void CheckPorts(const Config& config, const SystemView& system, Findings& findings);
/// Workers and the memory of packet buffers on the node of their NIC.
void CheckNuma(const Config& config, const SystemView& system, Findings& findings);
void CheckHugepages(const Config& config, const SystemView& system, Findings& findings);
/// Locked memory and open files, of this process.
void CheckLimits(const Config& config, const SystemView& system, Findings& findings);
void CheckClock(const SystemView& system, Findings& findings);
void CheckStore(const Config& config, Findings& findings);
/// Whether each sink could be written to now.
void CheckSinks(const Config& config, Findings& findings);

/// Whether the HTTP server could listen, and the files that it reads.
void CheckHttp(const Config& config, Findings& findings);

}  // namespace hostscope::app
