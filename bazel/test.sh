#!/usr/bin/env bash
# Checks drydock and runs its tests. The last line of the output counts the test cases:
# "N passed, N failed", where a check that fails counts as one. Exits with 0 if none failed.
set -euo pipefail

usage() {
  cat <<'END'
usage: bazel/test.sh [--quick] [--asan | --tsan] [--runs N] [--on RELEASE]

  --quick   only build and test: without clang-format, clang-tidy, the second compiler and CMake
  --asan    the tests under AddressSanitizer and UndefinedBehaviorSanitizer (quick)
  --tsan    the tests under ThreadSanitizer (quick)
  --runs N  each test N times
  --on RELEASE
            all of it in a Debian of that release, such as trixie, which the first run makes
            (bazel/chroot.sh; as root or with sudo)
END
}

cd "$(dirname "$0")/.."
quick=false
release=
arguments=()
options=(--show_progress_rate_limit=20)
build=(bazel build --keep_going --ui_event_filters=-info)
while [[ $# -gt 0 ]]; do
  if [[ $1 == --on ]]; then
    release=${2:?--on wants a release, such as trixie}
    shift 2
    continue
  fi
  arguments+=("$1")
  case $1 in
    --help | -h) usage && exit ;;
    --quick) quick=true ;;
    --asan | --tsan) quick=true && options+=("--config=${1#--}") ;;
    --runs)
      options+=("--runs_per_test=${2:?--runs wants a number}") && arguments+=("$2") && shift ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

if [[ -n $release ]]; then
  exec ./bazel/chroot.sh "$release" ./bazel/test.sh "${arguments[@]}"
fi

failed_checks=0
check() {
  echo "== $1"
  shift
  "$@" || failed_checks=$((failed_checks + 1))
}

check_format() {
  # bazel-* are links, which find does not follow.
  find . -name .git -prune -o \( -name '*.h' -o -name '*.cc' \) -print0 |
    xargs --null --no-run-if-empty --max-args=1 clang-format --dry-run --Werror --ferror-limit=1 ||
    { echo "clang-format -i on these files mends them." && return 1; }
}

# The checks take a while even when Bazel has all their results: what has passed once with the same
# files is not asked again. bazel-* are links, which find does not follow.
state_of_sources() {
  { clang --version; g++ --version; cmake --version; } 2>&1 | cat - <(find . -name .git -prune -o -type f -print0 |
    sort --zero-terminated | xargs --null sha256sum) | sha256sum | cut --delimiter=' ' --fields=1
}

events=$(mktemp)
trap 'rm -f "$events"' EXIT

./bazel/install.sh
passed="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drydock/checks_passed"
if ! $quick && state=$(state_of_sources) && [[ -f $passed && $(<"$passed") == "$state" ]]; then
  echo "== the sources are as they were when the checks last passed: clang-format, clang-tidy, GCC, consumers"
elif ! $quick; then
  # Other versions than Debian 12's format a little differently and find other things.
  if clang-format --version | grep --quiet 'version 14\.'; then
    check "clang-format" check_format
    check "clang-tidy" "${build[@]}" "${options[@]}" --config=tidy //...
  else
    echo "== no clang-format, no clang-tidy: the sources follow those of LLVM 14"
  fi
  check "build with GCC" "${build[@]}" "${options[@]}" --config=gcc //...
  check "production code links nothing for tests" ./bazel/testonly.sh
  check "the same sources for Bazel and CMake" python3 bazel/compare_builds.py
  check "projects that use drydock" ./bazel/consumers.sh
  if [[ $failed_checks -eq 0 ]]; then
    mkdir --parents "$(dirname "$passed")"
    echo "$state" >"$passed"
  fi
fi
echo "== build with clang, and test"
# One server for all tests: what a test starts, Bazel ends with it. It stops by itself when it has not
# been used for a while.
DRYDOCK_IDLE_SECONDS=600 bazel run "${options[@]}" --ui_event_filters=-info --noshow_progress \
  //src:start_local_postgres || failed_checks=$((failed_checks + 1))
bazel test "${options[@]}" --keep_going --test_summary=terse \
  --build_event_json_file="$events" //... || true # count_tests.py finds out
python3 bazel/count_tests.py "$events" "$failed_checks"
