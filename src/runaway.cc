#include "src/runaway.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "drydock/current_job.h"
#include "src/job_text.h"

namespace drydock::internal {
namespace {

// How many submitters a cycle may have to be recognised as one.
constexpr std::size_t kLongestCycle = 16;

bool repeats(const std::vector<JobAncestor>& chain, std::size_t period) {
  if (chain.size() < 2 * period) return false;
  for (std::size_t i = 0; i + period < chain.size(); ++i) {
    if (chain[i].name != chain[i + period].name) return false;
  }
  return true;
}

// "'a' -> 'b' -> 'a'", in the order of the submits.
std::string describe_chain(const std::vector<JobAncestor>& chain) {
  if (chain.empty()) return "  It was submitted from outside a job.\n";
  std::size_t period = 1;
  while (period <= kLongestCycle && !repeats(chain, period)) ++period;
  const bool cycle = period <= kLongestCycle;
  const std::size_t shown = cycle ? period : std::min<std::size_t>(chain.size(), 5);
  std::string text = cycle ? "  The chain repeats: " : "  Its nearest submitters: ";
  for (std::size_t i = shown; i-- > 0;) {
    text += "'" + chain[i].name + "' (submitted at " + chain[i].where.to_string() + ")";
    if (i > 0) text += " -> ";
  }
  return text + (cycle ? " -> and again.\n" : ".\n");
}

const char* who_stopped(Runaway of) {
  switch (of) {
    case Runaway::kDrain:
      return "the drain stopped: ";
    case Runaway::kUntilIdle:
      return "advance_until_idle() stopped: ";
    case Runaway::kInline:
      break;
  }
  return "the inline executor stopped: ";
}

const char* advice(Runaway of) {
  switch (of) {
    case Runaway::kDrain:
      return "A job that submits itself again keeps a drain busy for ever. Give it a delay and "
             "step with advance_by(), run single jobs with run_one(), leave new ones with "
             "drain({.run_spawned = false}), or raise the limit in DrainOptions.";
    case Runaway::kUntilIdle:
      return "A job that submits itself again, with a delay or without, is never idle. Step with "
             "advance_by() or advance_to_next(), leave new ones with "
             "advance_until_idle({.run_spawned = false}), or raise the limit in DrainOptions.";
    case Runaway::kInline:
      break;
  }
  return "A job that submits itself again keeps an inline executor busy for ever. Give it a delay "
         "and step with advance_by(), or give the code under test a DeferredExecutor, which runs "
         "single jobs with run_one().";
}

}  // namespace

absl::Status runaway_status(const std::string& limit, const SubmittedJob& next, Runaway of) {
  return absl::ResourceExhaustedError(
      who_stopped(of) + limit + ".\n" + describe_chain(next.ancestors()) + "  Next would be '" +
      next.name() + "', submitted at " + next.where().to_string() + ".\n  " + advice(of));
}

absl::Status recurring_status(std::size_t limit, const SubmittedJob& next, absl::Duration period,
                              const std::string& goal) {
  return absl::ResourceExhaustedError(
      who_stopped(Runaway::kUntilIdle) +
      ("recurring jobs had come again " + std::to_string(limit)) +
      " times (DrainOptions::max_spawned).\n  Next would be '" + next.name() + "', submitted at " +
      next.where().to_string() + ", which comes every " + absl::FormatDuration(period) + ".\n  " +
      goal +
      "\n  Cancel the recurring job before, or move the clock with advance_by(), which lets "
      "recurring jobs come any number of times, or raise the limit in DrainOptions.");
}

std::string on_the_way_to(const SubmittedJob& job, absl::Duration due_in) {
  return "The clock was on its way to job " + describe_job(job) + ", due " +
         (due_in == absl::ZeroDuration() ? "now." : "in " + describe_duration(due_in) + ".");
}

std::string behind_the_clock(absl::Duration late) {
  return "It was " + describe_duration(late) +
         " behind the clock, which an earlier call had moved without running it.";
}

std::string context_leaked_message(const SubmittedJob& job, const char* slot) {
  return "job '" + job.name() + "', submitted at " + job.where().to_string() +
         ", left the context slot '" + slot +
         "' other than it found it.\n  On a thread pool the next job on that thread would have "
         "seen "
         "the value; drydock has put the slot back.\n  Set it with drydock::ScopedContext, which "
         "puts it back at the end of its scope, or allow it: "
         "sandbox.allow(drydock::Finding::kContextLeaked).";
}

std::string not_idempotent_message(const SubmittedJob& job, int run, const std::string& what) {
  return "job '" + job.name() + "', submitted at " + job.where().to_string() +
         ", was delivered more than once, and run " + std::to_string(run) + what +
         ".\n  A queue that delivers at least once, or a retry, does this in production. Let the "
         "job "
         "see what it has done before: INSERT ... ON CONFLICT DO NOTHING, a column that says when "
         "it "
         "was done, a key that the receiver knows again. Or allow it: "
         "sandbox.allow(drydock::Finding::kNotIdempotent).";
}

namespace {

std::string waited_until(const SubmittedJob& job, const std::string& event) {
  return describe_current_job() + " waited until job '" + job.name() + "' (#" +
         std::to_string(job.id().value()) + ", submitted at " + job.where().to_string() + ") has " +
         event;
}

}  // namespace

std::string ring_message(const SubmittedJob& job, const std::string& event,
                         const std::string& ring) {
  return waited_until(job, event) +
         ", which it never would, since the thread that runs that job waits for this one:" + ring +
         "\n  In a job submit what comes after as a job of its own instead of waiting; in a test "
         "drain() before you wait for other threads. Or allow it: "
         "sandbox.allow(drydock::Finding::kBlockedSubmit).";
}

std::string blocked_message(const SubmittedJob& job, const std::string& event) {
  return waited_until(job, event) +
         ", and holds the only thread that could run it.\n  In production that is a deadlock as "
         "soon "
         "as every thread of the pool waits like this. In a test call drain() before wait_for(); "
         "in "
         "a job submit what comes after as a job of its own instead of waiting. Or allow it: "
         "sandbox.allow(drydock::Finding::kBlockedSubmit).";
}

}  // namespace drydock::internal
