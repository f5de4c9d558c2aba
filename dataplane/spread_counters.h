#pragma once

#include "ipfix/counter.h"

namespace hostscope::dataplane {

/// How a worker shares its work with others. Written by the worker, read by any thread.
struct SpreadCounters {
  Counter handed_out;    ///< datagrams whose data sets were given to another worker
  Counter kept;          ///< of a loaded queue, but no other worker had room: read by the queue's own
  Counter done;          ///< jobs done for other workers
  Counter window_waits;  ///< windows that waited for jobs that might still come
  Counter window_waits_given_up;  ///< of these, closed without knowing: see
                                  ///< aggregator::AggregatorCounters::late_flows
};

}  // namespace hostscope::dataplane
