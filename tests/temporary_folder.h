// A folder of a test's own, below /tmp or where the test says, with a name short enough for sockets
// in it. Other users, such as the one that runs PostgreSQL for root, can pass through it.
#ifndef DRYDOCK_TESTS_TEMPORARY_FOLDER_H_
#define DRYDOCK_TESTS_TEMPORARY_FOLDER_H_

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace drydock::internal {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent = "/tmp") : path_(parent + "/ddt-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make a folder in " + parent);
    }
    ::chmod(path_.c_str(), 0711);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    // A server's keeper may be removing its own files at the same time.
    std::error_code failed;
    for (int round = 0; round < 100; ++round) {
      std::filesystem::remove_all(path_, failed);
      if (!failed && !std::filesystem::exists(path_)) break;
    }
  }

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

  std::string write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

 private:
  std::string path_;
};

// Sets an environment variable, or removes it (null), until the end of the scope.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) {
      before_ = before;
      was_set_ = true;
    }
    set(value);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() { set(was_set_ ? before_.c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }

  const char* name_;
  std::string before_;
  bool was_set_ = false;
};

}  // namespace drydock::internal

#endif  // DRYDOCK_TESTS_TEMPORARY_FOLDER_H_
