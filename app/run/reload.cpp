#include "app/run/reload.h"

#include "app/config/config_writer.h"

namespace hostscope::app {

Reloaded TakeOver(Config& in_force, const Config& wanted) {
  Reloaded result;
  const Config before = in_force;
  ipfix::Settings& exporters = in_force.dataplane.decoder;
  exporters.only_listed_exporters = wanted.dataplane.decoder.only_listed_exporters;
  exporters.default_exporter = wanted.dataplane.decoder.default_exporter;
  exporters.exporters = wanted.dataplane.decoder.exporters;
  result.has_new_exporters = !ChangedKeys(before, in_force).empty();
  if (!in_force.store.path.empty()) {
    const Config without = in_force;
    in_force.store.retention = wanted.store.retention;
    result.has_new_retention = !ChangedKeys(without, in_force).empty();
  }
  in_force.log_level = wanted.log_level;
  result.changed = ChangedKeys(before, in_force);
  result.needs_restart = ChangedKeys(in_force, wanted);
  return result;
}

}  // namespace hostscope::app
