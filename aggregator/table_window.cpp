#include "aggregator/table_window.h"

#include <utility>

#include "aggregator/network_totals.h"

namespace hostscope::aggregator {

TableWindow::TableWindow(WindowSpan span, bool partial, const WindowSummary& summary,
                         std::shared_ptr<SharedTable> table)
    : span_(span), partial_(partial), summary_(summary), table_(std::move(table)) {
  table_->AddReader();
  summary_.hosts = table_->table().hosts();
  summary_.other_hosts = table_->table().other_hosts();
}

void TableWindow::ForEachNetwork(const NetworkLevels& levels, const NetworkVisitor& visit) const {
  table().ForEachNetwork(levels, [&visit](const NetworkTotals& totals) { return visit(totals.record()); });
}

}  // namespace hostscope::aggregator
