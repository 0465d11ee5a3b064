// One process's use of a local server: joins the one that runs, or starts it.
#ifndef DRYDOCK_SRC_LOCAL_POSTGRES_SERVER_H_
#define DRYDOCK_SRC_LOCAL_POSTGRES_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/file_lock.h"
#include "src/local_postgres_options.h"
#include "src/unique_fd.h"

namespace drydock::internal {

// One thread at a time.
class LocalPostgresServer {
 public:
  // The server of all processes of this user. In a test that Bazel runs, a server that we start
  // ends with us, under the eyes of those who share it: there it is one of this process alone,
  // unless a shared one runs already.
  static absl::StatusOr<std::unique_ptr<LocalPostgresServer>> join(LocalPostgresOptions options);

  // The shared one, started if it does not run.
  static absl::StatusOr<std::unique_ptr<LocalPostgresServer>> join_shared(
      LocalPostgresOptions options);

  // One of this process alone, stopped and removed by the destructor.
  static absl::StatusOr<std::unique_ptr<LocalPostgresServer>> start_private(
      LocalPostgresOptions options);

  LocalPostgresServer(const LocalPostgresServer&) = delete;
  LocalPostgresServer& operator=(const LocalPostgresServer&) = delete;
  ~LocalPostgresServer();

  // Starts it again if it has died.
  absl::Status ensure_running();

  const std::string& connection_string() const { return connection_string_; }
  const std::string& folder() const { return folder_; }
  const LocalPostgresOptions& options() const { return options_; }

 private:
  LocalPostgresServer(LocalPostgresOptions options, std::string folder, bool is_private);

  bool is_running() const;
  bool join_running();
  void take_lock(FileLock lock);
  absl::Status use_folder();
  absl::Status start();
  absl::Status wait_until_ready(UniqueFd conversation);
  std::string failure_text(const std::string& what) const;

  const LocalPostgresOptions options_;
  const std::string folder_;
  const std::string connection_string_;
  const bool is_private_;
  const int owner_process_;
  // Shared, on `in_use`, for as long as we use the server.
  FileLock in_use_;
  // With the keeper of a private server, to see it end.
  UniqueFd conversation_;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_SRC_LOCAL_POSTGRES_SERVER_H_
