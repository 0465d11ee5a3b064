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
//
// With DRYDOCK_TRACE=folder in the environment, each test of a program that links drydock's
// GoogleTest layer leaves its trace there, with real times, as "Suite.name.json" ('_' for each '/'
// of a name). It is written when the test's sandbox or simulation ends; where a test makes further
// ones, with "Suite.name.2.json" and so on, in the order in which they were made.
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
