#include "drydock/hook_failure.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "drydock/job.h"

namespace drydock {

std::string HookFailure::message() const {
  const std::string what =
      kind == Kind::kHook
          ? absl::StrCat("the on_commit hook of ", where.to_string(), " threw")
          : absl::StrCat("the job '", job_name, "', submitted in the transaction at ",
                         where.to_string(), ", was not taken by its executor and will not run");
  return absl::StrCat("drydock: ", what, ". The transact at ", transaction.to_string(),
                      " is committed all the same. ", describe(error));
}

}  // namespace drydock
