#include "src/journal_store.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "src/mutex.h"

namespace drydock::internal {
namespace {

// An event as a list would keep it.
struct Plain {
  Event::Kind kind;
  std::int64_t at = 0;
  std::uint64_t job = 0;
  std::uint64_t parent = 0;
  std::string name = {};
  std::string executor = {};

  friend bool operator==(const Plain&, const Plain&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Plain& event) {
    return out << event.at << ' ' << to_string(event.kind) << " '" << event.name << "' #"
               << event.job << " of #" << event.parent << " on '" << event.executor << "'";
  }
};

// A store, and a list of the same events. The tests run on one thread.
class StoreAndList {
 public:
  StoreAndList() {
    const MutexLock lock(store_.mutex);
    for (std::size_t i = 0; i < kSites; ++i) sites_[i] = store_.sites.number_of(name_of(i), {});
    pool_ = store_.sites.number_of("pool", {});
  }

  static constexpr std::size_t kSites = 3;
  static std::string name_of(std::size_t site) { return "line " + std::to_string(site); }

  void submit(std::size_t site, std::uint64_t parent = 0) {
    append(Event::kSubmitted, ++last_job_, parent, site);
  }
  void cancel(std::uint64_t job, std::size_t site) { append(Event::kCancelled, job, 0, site); }
  void run(std::uint64_t job, std::uint64_t parent, std::size_t site, bool fails) {
    append(Event::kStarted, job, parent, site);
    end(job, parent, site, fails);
  }
  // A run in whose middle another job was submitted.
  void run_and_submit(std::uint64_t job, std::size_t site) {
    append(Event::kStarted, job, 0, site);
    submit(site, job);
    end(job, 0, site, false);
  }
  void run_same(std::uint64_t first, std::size_t jobs, std::size_t site) {
    const MutexLock lock(store_.mutex);
    store_.append_runs(at_, {first, 0, sites_[site]}, static_cast<std::uint32_t>(jobs));
    for (std::size_t i = 0; i < jobs; ++i) list_run(first + i, site);
  }
  void run_all(std::uint64_t first, std::size_t jobs, std::size_t site) {
    drain(Event::kDrainStarted);
    const MutexLock lock(store_.mutex);
    store_.append_all_runs(at_, {first, 0, sites_[site]}, static_cast<std::uint32_t>(jobs));
    for (std::size_t i = 0; i < jobs; ++i) list_run(first + i, site);
    list_.push_back({Event::kDrainEnded, at_});
  }
  void run_varied(std::uint64_t first, const std::vector<std::size_t>& sites) {
    const MutexLock lock(store_.mutex);
    std::vector<std::uint32_t> numbers;
    for (const std::size_t site : sites) numbers.push_back(sites_[site]);
    store_.append_varied_runs(at_, first, numbers);
    for (std::size_t i = 0; i < sites.size(); ++i) list_run(first + i, sites[i]);
  }
  void drain(Event::Kind kind) {
    const MutexLock lock(store_.mutex);
    store_.append_drain(kind, at_);
    list_.push_back({kind, at_});
  }
  void outside(Event::Kind kind, std::uint64_t job, std::size_t site) {
    const MutexLock lock(store_.mutex);
    store_.append_outside(kind, at_, job, sites_[site], pool_);
    list_.push_back({kind, at_, job, 0, name_of(site), "pool"});
  }
  void advance() { ++at_; }
  void watch(bool watched) {
    const MutexLock lock(store_.mutex);
    store_.watch(watched);
  }
  bool is_watched() {
    const MutexLock lock(store_.mutex);
    return store_.is_watched();
  }
  // From here on `since_mark` says what comes.
  void mark() {
    const MutexLock lock(store_.mutex);
    mark_ = store_.mark();
    listed_at_mark_ = list_.size();
  }

  std::uint64_t last_job() const { return last_job_; }
  std::size_t forgotten() {
    const MutexLock lock(store_.mutex);
    return store_.forgotten();
  }
  std::vector<Plain> all() { return from(0); }
  std::vector<Plain> since_mark() { return from(mark_); }
  const std::vector<Plain>& list() const { return list_; }
  std::vector<Plain> list_since_mark() const {
    return {list_.begin() + static_cast<std::ptrdiff_t>(listed_at_mark_), list_.end()};
  }

 private:
  void append(Event::Kind kind, std::uint64_t job, std::uint64_t parent, std::size_t site) {
    const MutexLock lock(store_.mutex);
    store_.append(kind, at_, {job, parent, sites_[site]});
    list_.push_back({kind, at_, job, parent, name_of(site)});
  }
  void end(std::uint64_t job, std::uint64_t parent, std::size_t site, bool failed) {
    const MutexLock lock(store_.mutex);
    store_.append_end(failed, at_, {job, parent, sites_[site]});
    list_.push_back({failed ? Event::kFailed : Event::kFinished, at_, job, parent, name_of(site)});
  }
  void list_run(std::uint64_t job, std::size_t site) {
    list_.push_back({Event::kStarted, at_, job, 0, name_of(site)});
    list_.push_back({Event::kFinished, at_, job, 0, name_of(site)});
  }
  std::vector<Plain> from(std::size_t number) {
    const MutexLock lock(store_.mutex);
    std::vector<Plain> events;
    store_.visit_from(number, [&](const JournalRecord& record, Event::Kind kind,
                                  std::size_t at) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      const Event event = store_.event(record, kind, at);
      events.push_back({kind, absl::ToUnixNanos(event.at), event.job.value(), event.parent.value(),
                        event.name, event.executor});
      return true;
    });
    return events;
  }

  JournalStore store_;
  std::array<std::uint32_t, kSites> sites_ = {};
  std::uint32_t pool_ = 0;
  std::int64_t at_ = 0;
  std::uint64_t last_job_ = 0;
  std::size_t mark_ = 0;
  std::size_t listed_at_mark_ = 0;
  std::vector<Plain> list_;
};

// Submits and runs mostly, since those share records.
class Program {
 public:
  explicit Program(unsigned seed) : random_(seed) {}

  void step(StoreAndList& both) {
    switch (below(16)) {
      case 0:
        return both.advance();
      case 1:
        return both.drain(below(2) == 0 ? Event::kDrainStarted : Event::kDrainEnded);
      case 2:
        return both.outside(below(2) == 0 ? Event::kSubmitted : Event::kFinished, any_job(both),
                            site());
      case 3:
        return both.cancel(any_job(both), site());
      case 4:
        return both.run(any_job(both), below(3), site(), below(3) == 0);
      case 5:
        return both.run_and_submit(any_job(both), site());
      case 6:
        return both.watch(!both.is_watched());
      case 7:
        return both.mark();
      case 8:
      case 9:
        return run_many(both);
      default:
        return submit_many(both);
    }
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::size_t site() { return below(StoreAndList::kSites); }
  std::uint64_t any_job(const StoreAndList& both) { return 1 + below(both.last_job() + 1); }

  void submit_many(StoreAndList& both) {
    const std::uint64_t parent = below(4) == 0 ? 1 : 0;
    const std::size_t line = site();
    const bool differ = below(3) != 0;
    for (std::size_t jobs = below(12); jobs > 0; --jobs)
      both.submit(differ ? site() : line, parent);
  }

  // Nobody may watch, who would be shown each event.
  void run_many(StoreAndList& both) {
    if (both.is_watched()) return;
    const std::size_t jobs = 1 + below(below(20) == 0 ? 5'000 : 12);
    const std::uint64_t first = any_job(both);
    switch (below(3)) {
      case 0:
        return both.run_same(first, jobs, site());
      case 1:
        return both.run_all(first, jobs, site());
      default: {
        std::vector<std::size_t> sites(jobs);
        for (std::size_t& one : sites) one = site();
        return both.run_varied(first, sites);
      }
    }
  }

  std::mt19937 random_;
};

TEST(JournalStoreTest, TellsWhatAListOfTheSameEventsTells) {
  constexpr unsigned kPrograms = 200;
  for (unsigned seed = 1; seed <= kPrograms; ++seed) {
    StoreAndList both;
    Program program(seed);
    for (int i = 0; i < 400; ++i) program.step(both);
    ASSERT_EQ(both.all(), both.list()) << "seed " << seed;
    ASSERT_EQ(both.since_mark(), both.list_since_mark()) << "seed " << seed;
    ASSERT_EQ(both.forgotten(), 0U);
  }
}

TEST(JournalStoreTest, KeepsJobsOfTwoLinesInTurnAcrossItsBlocks) {
  // A block has room for some four thousand of them.
  StoreAndList both;
  std::vector<std::size_t> sites;
  for (std::size_t i = 0; i < 3 * 4 * JournalStore::kBlockSize; ++i) {
    sites.push_back(i % 2);
    both.submit(i % 2);
  }
  both.run_varied(1, sites);
  both.drain(Event::kDrainEnded);
  EXPECT_EQ(both.all(), both.list());
}

// Wherever in the block the row begins.
TEST(JournalStoreTest, ARowFitsIntoWhateverIsLeftOfABlock) {
  for (std::size_t left = 0; left < 6; ++left) {
    StoreAndList both;
    for (std::size_t i = left; i < JournalStore::kBlockSize; ++i) both.cancel(2 * i, 0);
    both.run_varied(1, {0, 1, 2, 0, 1, 2, 0, 1, 2});
    both.submit(0);
    both.submit(1);
    both.submit(2);
    EXPECT_EQ(both.all(), both.list()) << left;
  }
}
TEST(JournalStoreTest, SubmitsFitIntoWhateverIsLeftOfABlock) {
  for (std::size_t left = 0; left < 6; ++left) {
    StoreAndList both;
    for (std::size_t i = left; i < JournalStore::kBlockSize; ++i) both.cancel(2 * i, 0);
    for (std::size_t i = 0; i < 20; ++i) both.submit(i % 2);
    EXPECT_EQ(both.all(), both.list()) << left;
  }
}

TEST(JournalStoreTest, KnowsHowManyEventsItHasForgotten) {
  JournalStore store;
  const MutexLock lock(store.mutex);
  const std::uint32_t one = store.sites.number_of("one", {});
  const std::uint32_t other = store.sites.number_of("other", {});
  const std::array<std::uint32_t, 5> row = {one, other, one, other, other};
  // Of 14 events, in six records with the sites.
  constexpr std::size_t kTurns = JournalStore::kMostRecords / 5;
  for (std::uint64_t job = 1; job <= kTurns; ++job) {
    store.append_varied_runs(0, job, row);
    store.append(Event::kCancelled, 0, {job, 0, one});
    store.append(Event::kSubmitted, 0, {job, 0, one});
    store.append(Event::kSubmitted, 0, {job + 1, 0, other});
    store.append_drain(Event::kDrainStarted, 0);
  }
  std::size_t kept = 0;
  store.visit_from(0, [&](const JournalRecord&, Event::Kind, std::size_t) {
    ++kept;
    return true;
  });
  EXPECT_GT(store.forgotten(), 0U);
  EXPECT_EQ(store.forgotten() + kept, 14 * kTurns);
}

}  // namespace
}  // namespace drydock::internal
