// A journal as a picture: the Chrome trace-event format, which ui.perfetto.dev and chrome://tracing
// open.
//
//   drydock::Simulation simulation({.real_times = true});
//   ...
//   absl::Status written = drydock::write_chrome_trace(simulation.journal(), "signup.json");
//
// Jobs and transactions are bars, one row a thread, with an arrow from each submit to its run; what
// else happened is a mark. Without `real_times` all stands on one row, one microsecond an event:
// the order without the durations.
#ifndef DRYDOCK_TRACE_H_
#define DRYDOCK_TRACE_H_

#include <string>

#include "absl/status/status.h"
#include "drydock/journal.h"

namespace drydock {

// The JSON text.
std::string to_chrome_trace(const Journal& journal);

// Writes it to a file, over what is there. `Unavailable`, with the path and the reason, if it
// cannot.
absl::Status write_chrome_trace(const Journal& journal, const std::string& path);

}  // namespace drydock

#endif  // DRYDOCK_TRACE_H_
