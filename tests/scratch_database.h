// A database of one test program, on the server that the tests share: made empty, dropped at the
// end.
//
// For tests of what stands below `TestDatabase`; above it, use that.
#ifndef DRYDOCK_TESTS_SCRATCH_DATABASE_H_
#define DRYDOCK_TESTS_SCRATCH_DATABASE_H_

#include <string>

namespace drydock::testing {

class ScratchDatabase {
 public:
  ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  ~ScratchDatabase();

  const std::string& name() const { return name_; }
  // As `key=value` list.
  const std::string& connection_string() const { return connection_string_; }

  // Runs statements on a connection of its own and commits. Throws libpqxx's exceptions.
  void exec(const std::string& sql) const;
  // The first field of the first row, committed; "" for null.
  std::string query(const std::string& sql) const;
  // Ends the session with this process id and returns when it is gone.
  void terminate_backend(const std::string& pid) const;

 private:
  std::string name_;
  std::string connection_string_;
};

// `connection_string` with `key` set to `value`, as `key=value` list.
std::string with_option(const std::string& connection_string, const std::string& key,
                        const std::string& value);

}  // namespace drydock::testing

#endif  // DRYDOCK_TESTS_SCRATCH_DATABASE_H_
