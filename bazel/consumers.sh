#!/usr/bin/env bash
# Builds the project in tests/consumer against drydock in each way that docs/using.md shows, and runs
# its test and its program: by CMake's add_subdirectory, here with all tests of drydock; by find_package
# and by pkg-config, both against what was installed; and by a Bazel workspace that names this one.
set -euo pipefail
cd "$(dirname "$0")/.."
drydock=$PWD

# What is built stays for the next run; what is installed does not.
work=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/drydock/consumers
mkdir --parents "$work"
work=$(readlink --canonicalize "$work")
exec 9>"$work/lock"
flock 9
rm --recursive --force "$work/newsletter" "$work/installed" "$work/moved"
cp --recursive --preserve=timestamps tests/consumer "$work/newsletter"
bazel build --ui_event_filters=-info --noshow_progress //src:start_local_postgres
cp --force .bazel/bin/src/start_local_postgres "$work/"
psql=$(compgen -G "${DRYDOCK_POSTGRES_BIN:-/usr/lib/postgresql/*/bin}/psql" | tail --lines=1)

# Says what it does, and what the command printed if that fails.
step() {
  echo "   $1"
  shift
  "$@" >"$work/log" 2>&1 || { cat "$work/log" && echo "failed: $*" && return 1; }
}

sql() { "$psql" --no-psqlrc --quiet --tuples-only --no-align "$@"; }

# The program, in a database of its own: it writes its row and its job runs, and nothing in it is of
# the part of drydock that is for tests alone.
run_program() {
  local url name=drydock_consumer_$$
  url=$("$work/start_local_postgres")
  local own_url=${url/\/postgres\?//$name?}
  sql --dbname="$url" --command="DROP DATABASE IF EXISTS $name" --command="CREATE DATABASE $name" &&
    sql --dbname="$own_url" --file="$drydock/tests/consumer/schema.sql" &&
    [[ $(DATABASE_URL=$own_url "$1" ada@example.org) == "Welcome, ada@example.org" ]] &&
    [[ $(sql --dbname="$own_url" --command='SELECT address FROM subscribers') == ada@example.org ]] &&
    sql --dbname="$url" --command="DROP DATABASE $name" &&
    ! nm --demangle "$1" | grep --max-count=3 'drydock::\(DeferredExecutor\|Sandbox\|LocalPostgres\)'
}

with_cmake() {
  local source=$1 build=$2
  shift 2
  cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=None "$@" &&
    cmake --build "$build" && ctest --test-dir "$build" --parallel "$(nproc)" --output-on-failure &&
    run_program "$build/newsletter"
}

with_make() {
  export PKG_CONFIG_PATH=$1
  make --directory="$work/newsletter" all test && run_program "$work/newsletter/newsletter"
}

with_bazel() {
  sed --in-place "s|path = \"../..\"|path = \"$drydock\"|" "$work/newsletter/WORKSPACE"
  cd "$work/newsletter"
  local bazel=(bazel --output_base="$work/bazel")
  local status=0
  "${bazel[@]}" test --symlink_prefix=.bazel/ --test_output=errors //... &&
    run_program "$work/newsletter/.bazel/bin/newsletter" || status=$?
  "${bazel[@]}" shutdown
  return "$status"
}

step "add_subdirectory, and drydock's own tests" \
  with_cmake "$work/newsletter/add_subdirectory" "$work/add_subdirectory" \
  -DDRYDOCK_SOURCE_DIR="$drydock" -DDRYDOCK_BUILD_TESTS=ON -DDRYDOCK_INSTALL=ON \
  -DCMAKE_INSTALL_PREFIX="$work/installed"
step "install" cmake --install "$work/add_subdirectory"
if grep --recursive --files-with-matches --fixed-strings -e "$drydock" -e "$work" "$work/installed"; then
  echo "These installed files name a folder of the machine that built them."
  exit 1
fi
# Where it was installed is not where it stands.
mv "$work/installed" "$work/moved"
config=$(find "$work/moved" -name drydockConfig.cmake)
modules=$(dirname "$(find "$work/moved" -name drydock-executor.pc)")
step "find_package" with_cmake "$work/newsletter" "$work/find_package" \
  -Ddrydock_DIR="$(dirname "$config")"
step "find_package without tests and GoogleTest" cmake -S "$work/newsletter" -B "$work/production" \
  -Ddrydock_DIR="$(dirname "$config")" -DBUILD_TESTING=OFF -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON
step "pkg-config" with_make "$modules"
step "Bazel" with_bazel
