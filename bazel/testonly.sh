#!/usr/bin/env bash
# Checks that Bazel refuses production code that links a part of drydock which is for tests alone.
set -euo pipefail
cd "$(dirname "$0")/.."

package=//tests/must_not_compile
refused=0
for target in $(bazel query --noshow_progress --ui_event_filters=-info \
  "attr(tags, manual, kind(cc_library, $package:*))"); do
  part=//:${target#*production_with_}
  said=$(bazel build --noshow_progress "$target" 2>&1) && echo "$target builds" && exit 1
  if [[ $said != *"non-test target '$target' depends on testonly target '$part'"* ]]; then
    echo "$target is not refused for being no test:"
    echo "$said"
    exit 1
  fi
  refused=$((refused + 1))
done
[[ $refused -gt 0 ]]
echo "$refused production targets are refused"
