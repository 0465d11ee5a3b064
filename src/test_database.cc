#include "drydock/test_database.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "drydock/strategy.h"
#include "src/clone_pool.h"
#include "src/database_server.h"
#include "src/mutex.h"
#include "src/owned_database.h"
#include "src/sandbox_connection_pool.h"
#include "src/schema_source.h"
#include "src/template_database.h"

namespace drydock {
namespace {

// Each costs some milliseconds of a test's start; the next process takes the next ones.
constexpr int kAbandonedAtMost = 4;
constexpr char kUndefinedDatabase[] = "3D000";
constexpr char kDiskFull[] = "53100";

// The folder with the server's data, where the user may know it.
std::string data_folder(internal::AdminConnection& admin) {
  const auto rows = admin.query("SHOW data_directory");
  return rows.ok() ? rows->at(0).at(0) : "its data folder";
}

std::string full_disk_advice(internal::DatabaseServer& server) {
  const std::string folder = data_folder(server.admin);
  if (!server.is_ours) return absl::StrCat(". The server has no room left in ", folder, ".");
  return absl::StrCat(". The local server has no room left in ", folder,
                      ". Make room there, or set DRYDOCK_HOME to a folder that has more.");
}

absl::Status explained(const absl::Status& status, internal::DatabaseServer& server) {
  if (status.ok() || status.code() == absl::StatusCode::kInvalidArgument) return status;
  std::string advice;
  if (absl::IsPermissionDenied(status)) {
    advice = absl::StrCat(". The user needs the right to make databases:\n    ALTER ROLE ",
                          internal::quoted_name(server.admin.user()), " CREATEDB;");
  } else if (internal::sqlstate(status) == kDiskFull) {
    advice = full_disk_advice(server);
  }
  return absl::Status(status.code(),
                      absl::StrCat("Cannot make the test's database: ", status.message(), advice));
}

}  // namespace

struct TestDatabase::State {
  explicit State(internal::DatabaseServer connected) : server(std::move(connected)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (::getpid() != owner_process) {
      server.admin.abandon();
      // To close a connection that the parent still uses would end it for the parent: leak them.
      // NOLINTBEGIN(bugprone-unhandled-exception-at-new): out of memory may end this child.
      new std::shared_ptr<internal::SandboxConnectionPool>(std::move(sandbox_connections));
      new std::shared_ptr<internal::ClonePool>(std::move(clones));
      // NOLINTEND(bugprone-unhandled-exception-at-new)
    } else if (!name.empty()) {
      if (sandbox_connections != nullptr) sandbox_connections->end();
      if (clones != nullptr) clones->end();
      internal::drop_database(server.admin, name).IgnoreError();
    }
  }

  absl::Status make(const internal::SchemaSource& source) {
    template_name = internal::template_database_name(server, source);
    absl::StatusOr<std::string> claimed =
        internal::claim_database_name(server.admin, absl::StrCat(::getpid()));
    if (!claimed.ok()) return claimed.status();
    name = *std::move(claimed);
    absl::Status status = copy_template(source);
    // Somebody may drop templates by hand, at any time.
    if (internal::sqlstate(status) == kUndefinedDatabase) status = copy_template(source);
    if (!status.ok()) return status;
    // What fails here is told to the first test that wants a clone.
    if (gives_clones()) clones->wait_until_ready();
    connection_string = server.admin.uri_of(name);
    sandbox_connections =
        std::make_shared<internal::SandboxConnectionPool>(name, connection_string);
    internal::drop_abandoned_databases(server.admin, kAbandonedAtMost);
    return absl::OkStatus();
  }

  // Whether each test wants a clone: then the first one shall find it ready.
  static bool gives_clones() {
    const absl::StatusOr<Strategy> strategy = strategy_of_environment();
    return strategy.ok() && *strategy == Strategy::kClone;
  }

  absl::Status copy_template(const internal::SchemaSource& source) {
    absl::Status status = internal::ensure_template_database(server, source, template_name);
    if (!status.ok()) return status;
    clones = std::make_shared<internal::ClonePool>(server_uri(), template_name, server.is_ours,
                                                   clones_ahead);
    // While this process's own copy is made.
    if (gives_clones()) clones->start();
    return internal::create_database(server.admin, name, template_name, server.is_ours);
  }

  std::string server_uri() { return server.admin.uri_of(::PQdb(server.admin.get())); }

  // While no session said that it is ours, another process may have dropped it.
  bool alive() {
    // A child made by fork() leaves the connection to its parent.
    if (::getpid() != owner_process) return true;
    const internal::MutexLock lock(admin_mutex);
    if (server.admin.healthy()) return true;
    absl::StatusOr<internal::AdminConnection> admin =
        internal::AdminConnection::open(server_uri(), "");
    if (!admin.ok() || !internal::claim_again(*admin, name).ok()) return false;
    const auto found = admin->query("SELECT FROM pg_database WHERE datname = $1", {name});
    if (!found.ok() || found->empty()) return false;
    server.admin = *std::move(admin);
    return true;
  }

  // Stays open: what makes the database ours is a lock of this session.
  internal::DatabaseServer server;
  internal::Mutex admin_mutex;  // sandboxes may be made by several threads
  std::string name;
  std::string template_name;
  std::string connection_string;
  std::shared_ptr<internal::SandboxConnectionPool> sandbox_connections;
  std::shared_ptr<internal::ClonePool> clones;
  int clones_ahead = 1;
  const pid_t owner_process = ::getpid();
};

TestDatabase::TestDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
TestDatabase::TestDatabase(TestDatabase&&) noexcept = default;
TestDatabase& TestDatabase::operator=(TestDatabase&&) noexcept = default;
TestDatabase::~TestDatabase() = default;

absl::StatusOr<TestDatabase> TestDatabase::open(TestDatabaseOptions options) {
  const absl::StatusOr<internal::SchemaSource> source = internal::read_schema(options);
  if (!source.ok()) return source.status();
  absl::StatusOr<internal::DatabaseServer> server = internal::connect_to_server(options.url);
  if (!server.ok()) return server.status();
  auto state = std::make_unique<State>(*std::move(server));
  state->clones_ahead = options.clones_ahead;
  if (absl::Status status = state->make(*source); !status.ok())
    return explained(status, state->server);
  return TestDatabase(std::move(state));
}

bool TestDatabase::alive() { return state_->alive(); }
const std::string& TestDatabase::connection_string() const { return state_->connection_string; }
const std::shared_ptr<internal::SandboxConnectionPool>& TestDatabase::sandbox_connections() const {
  return state_->sandbox_connections;
}
const std::shared_ptr<internal::ClonePool>& TestDatabase::clones() const { return state_->clones; }
CloneUsage TestDatabase::clone_usage() const { return state_->clones->usage(); }
const std::string& TestDatabase::name() const { return state_->name; }
const std::string& TestDatabase::template_name() const { return state_->template_name; }

}  // namespace drydock
