#!/usr/bin/env bash
# Builds and runs the demonstration (examples/demo); arguments go to it.
set -euo pipefail
cd "$(dirname "$0")/.."

./bazel/install.sh
exec bazel run --ui_event_filters=-info --noshow_progress //examples/demo:demo -- "$@"
