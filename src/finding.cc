#include "drydock/finding.h"

#include <ostream>

namespace drydock {

const char* to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::kSubmittedInTransaction:
      return "kSubmittedInTransaction";
    case Finding::kEscaped:
      return "kEscaped";
    case Finding::kUndrained:
      return "kUndrained";
    case Finding::kLateAccess:
      return "kLateAccess";
    case Finding::kRunaway:
      return "kRunaway";
    case Finding::kNotIdempotent:
      return "kNotIdempotent";
    case Finding::kContextLeaked:
      return "kContextLeaked";
    case Finding::kBlockedSubmit:
      return "kBlockedSubmit";
  }
  return "unknown finding";
}

std::ostream& operator<<(std::ostream& out, Finding::Kind kind) { return out << to_string(kind); }

std::ostream& operator<<(std::ostream& out, const Finding& finding) {
  return out << "drydock finding " << finding.kind << ": " << finding.message;
}

}  // namespace drydock
