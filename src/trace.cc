#include "drydock/trace.h"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace drydock {
namespace {

std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      json += c;
    }
  }
  return json + "\"";
}

// The members that every trace event has, but for its name.
std::string place(const char* phase, const Event& event, std::size_t index) {
  const double micros =
      event.thread == 0 ? static_cast<double>(index) : absl::ToDoubleMicroseconds(event.real_time);
  return absl::StrFormat("\"ph\":\"%s\",\"ts\":%.3f,\"pid\":1,\"tid\":%d", phase, micros,
                         event.thread);
}

std::string details(const Event& event) {
  std::string json = absl::StrCat(
      ",\"args\":{\"simulated time\":",
      json_string(absl::FormatTime("%Y-%m-%d %H:%M:%E*S", event.at, absl::UTCTimeZone())));
  if (event.job) absl::StrAppend(&json, ",\"job\":", event.job.value());
  if (event.parent) absl::StrAppend(&json, ",\"submitted by\":", event.parent.value());
  if (!event.executor.empty()) {
    absl::StrAppend(&json, ",\"executor\":", json_string(event.executor));
  }
  if (event.where.line() != 0) {
    absl::StrAppend(&json, ",\"where\":", json_string(event.where.to_string()));
  }
  return json + "}";
}

std::string begin_of(const std::string& name, const Event& event, std::size_t index) {
  return absl::StrCat("{\"name\":", json_string(name), ",", place("B", event, index),
                      details(event), "}");
}

std::string end_of(const Event& event, std::size_t index) {
  return absl::StrCat("{", place("E", event, index),
                      ",\"args\":{\"outcome\":", json_string(to_string(event.kind)), "}}");
}

std::string mark_of(const Event& event, std::size_t index) {
  const std::string name =
      absl::StrCat(to_string(event.kind), event.name.empty() ? "" : " ", event.name);
  return absl::StrCat("{\"name\":", json_string(name), ",\"s\":\"t\",", place("i", event, index),
                      details(event), "}");
}

// One end of the arrow from a submit to the run.
std::string arrow_of(const char* phase, const Event& event, std::size_t index) {
  // Executors outside of the simulation count by themselves.
  const std::string id = event.executor.empty()
                             ? absl::StrCat(event.job.value())
                             : json_string(absl::StrCat(event.executor, " ", event.job.value()));
  return absl::StrCat("{\"name\":\"submit\",\"cat\":\"submit\",\"bp\":\"e\",\"id\":", id, ",",
                      place(phase, event, index), "}");
}

void append(const Event& event, std::size_t index, std::vector<std::string>& lines) {
  switch (event.kind) {
    case Event::kSubmitted:
      lines.push_back(mark_of(event, index));
      lines.push_back(arrow_of("s", event, index));
      return;
    case Event::kStarted:
      lines.push_back(begin_of(event.name, event, index));
      lines.push_back(arrow_of("f", event, index));
      return;
    case Event::kDrainStarted:
      lines.push_back(begin_of("drain", event, index));
      return;
    case Event::kTransactionBegan:
      lines.push_back(begin_of("transaction", event, index));
      return;
    case Event::kFinished:
    case Event::kFailed:
    case Event::kDrainEnded:
    case Event::kTransactionCommitted:
    case Event::kTransactionRolledBack:
      lines.push_back(end_of(event, index));
      return;
    default:
      lines.push_back(mark_of(event, index));
      return;
  }
}

}  // namespace

std::string to_chrome_trace(const Journal& journal) {
  std::vector<std::string> lines;
  const std::vector<Event> events = journal.events();
  for (std::size_t i = 0; i < events.size(); ++i) append(events[i], i, lines);
  std::string json = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "\n" : ",\n", lines[i]);
  }
  return json + "\n]}\n";
}

absl::Status write_chrome_trace(const Journal& journal, const std::string& path) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << to_chrome_trace(journal);
  file.close();
  if (file.good()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("drydock: cannot write the trace '", path,
                                             "': ", std::generic_category().message(errno)));
}

}  // namespace drydock
