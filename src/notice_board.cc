#include "src/notice_board.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/sql_failure.h"

namespace drydock::internal {
namespace {

constexpr char kNoticeState[] = "DRYDN";

constexpr char kRead[] =
    "SELECT n->>0, n->>1, n->>2 FROM (SELECT line::pg_catalog.json AS n FROM "
    "pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.rtrim("
    "pg_catalog.current_setting('drydock.notices', true), E'\\n'), E'\\n')) line) s";

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

// The message is the time at which it was notified, as it is written down.
const char* const kReplacePgNotify[2] = {
    "ALTER FUNCTION pg_catalog.pg_notify(text, text) RENAME TO drydock_pg_notify",
    R"sql(CREATE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void
      LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED AS $$
      DECLARE
        at text := extract(epoch FROM pg_catalog.clock_timestamp())::numeric(20, 6);
      BEGIN
        PERFORM pg_catalog.drydock_pg_notify($1, $2);
        IF pg_catalog.current_setting('drydock.sandbox', true) = 'on' THEN
          PERFORM pg_catalog.set_config(
            'drydock.notices',
            pg_catalog.concat(pg_catalog.current_setting('drydock.notices', true),
                              pg_catalog.json_build_array(at, $1, coalesce($2, ''))::text, E'\n'),
            false);
          RAISE INFO USING MESSAGE = at, ERRCODE = 'DRYDN';
        END IF;
      END $$)sql"};

void NoticeBoard::attach() {
  connection_.exec_raw("SET drydock.sandbox = on");
  // Called with null, it tells the receiver that is there.
  next_receiver_ = PQsetNoticeReceiver(connection_.raw(), nullptr, nullptr);
  PQsetNoticeReceiver(connection_.raw(), &on_notice, this);
}

void NoticeBoard::on_notice(void* self, const PGresult* result) {
  auto& board = *static_cast<NoticeBoard*>(self);
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state != nullptr && std::string_view(state) == kNoticeState) {
    board.on_server_ = true;
    if (const char* at = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) board.last_told_ = at;
  } else if (board.next_receiver_ != nullptr) {
    board.next_receiver_(nullptr, result);
  }
}

void NoticeBoard::transaction_began() {
  on_server_ = lacks_one_ = false;
  last_told_.clear();
  unplaced_.clear();
  entries_.clear();
  steps_.clear();
  savepoints_.clear();
}

void NoticeBoard::see_tag(std::string_view tag, bool own) {
  if (tag == "NOTIFY") place_next();
  if (tag == "SAVEPOINT") {
    savepoints_.push_back({entries_.size(), own, own ? "" : next_name(SavepointStep::kSet)});
  }
  const bool releases = tag == "RELEASE";
  if (savepoints_.empty() || (!releases && tag != "ROLLBACK")) return;
  const SavepointStep::Kind kind = releases ? SavepointStep::kRelease : SavepointStep::kRollBackTo;
  // Those that were made after it end with it.
  const std::size_t index = find(own ? "" : next_name(kind), own);
  if (!releases) entries_.resize(std::min(entries_.size(), savepoints_[index].entries));
  savepoints_.resize(releases ? index : index + 1);
}

bool NoticeBoard::wants_name(std::string_view tag) const {
  if (tag != "SAVEPOINT" && tag != "RELEASE") return false;
  return std::any_of(savepoints_.begin(), savepoints_.end(),
                     [](const Savepoint& savepoint) { return !savepoint.own; });
}

// Empty where the message was not read.
std::string NoticeBoard::next_name(SavepointStep::Kind kind) {
  while (!steps_.empty()) {
    SavepointStep step = std::move(steps_.front());
    steps_.pop_front();
    if (step.kind == kind) return std::move(step.name);
  }
  return "";
}

// drydock's own are released and rolled back to innermost first. The outermost of all is not on the
// list: then everything ends.
std::size_t NoticeBoard::find(const std::string& name, bool own) const {
  std::size_t unnamed = own ? 0 : savepoints_.size() - 1;
  for (std::size_t i = savepoints_.size(); i-- > 0;) {
    const Savepoint& savepoint = savepoints_[i];
    if (savepoint.own != own) continue;
    if (name.empty() || savepoint.name == name) return i;
    if (savepoint.name.empty()) unnamed = i;
  }
  return unnamed;
}

void NoticeBoard::add(const std::vector<Notice>& notices, const std::vector<SavepointStep>& steps,
                      const std::string& began) {
  unplaced_.assign(notices.begin(), notices.end());
  steps_.assign(steps.begin(), steps.end());
  message_began_ = began;
}

// After what a function has told before it, in the same message or an earlier one.
void NoticeBoard::place_next() {
  if (unplaced_.empty()) {
    entries_.emplace_back();
    return;
  }
  const Notice notice = std::move(unplaced_.front());
  unplaced_.pop_front();
  const std::string after_told = last_told_.empty() ? "" : last_told_ + "~";
  entries_.push_back({std::max(message_began_, after_told), {notice.channel, notice.payload}});
}

std::vector<Notification> NoticeBoard::take() {
  if (on_server_) read_from_server();
  on_server_ = false;
  // All times are the server's, and written in one way.
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.at < b.at; });
  std::vector<Notification> notifications;
  for (Entry& entry : std::exchange(entries_, {})) {
    if (entry.notification.channel.empty()) {
      lacks_one_ = true;
    } else if (std::find(notifications.begin(), notifications.end(), entry.notification) ==
               notifications.end()) {
      notifications.push_back(std::move(entry.notification));
    }
  }
  return notifications;
}

void NoticeBoard::read_from_server() {
  {
    const std::unique_ptr<PGresult, ClearResult> result(PQexec(connection_.raw(), kRead));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
      throw_sql_failure(connection_.raw(), result.get(), kRead);
    }
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      entries_.push_back({PQgetvalue(result.get(), row, 0),
                          {PQgetvalue(result.get(), row, 1), PQgetvalue(result.get(), row, 2)}});
    }
  }
  connection_.exec_raw("SET drydock.notices = ''");
}

}  // namespace drydock::internal
