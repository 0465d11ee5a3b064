#!/usr/bin/env bash
# Installs what drydock needs and this machine lacks (Debian 12 or 13), with apt-get.
# Where nothing is missing it says nothing, changes nothing and takes no time.
set -euo pipefail

packages=(
  # Bazel, and the rule sets that it would otherwise download
  bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib
  # compilers, sanitizers (llvm: their stack traces) and checks
  clang clang-format clang-tidy g++ libclang-rt-dev llvm pkg-config
  # the other ways to build, for those who use drydock without Bazel
  cmake make ninja-build
  # libraries
  libabsl-dev libasio-dev libbenchmark-dev libgmock-dev libgtest-dev
  libpq-dev libpqxx-dev libtbb-dev libuv1-dev libyaml-cpp-dev
)

# One process for all of them: this runs before every test.
installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "${packages[@]}" \
  2>/dev/null | sed -n 's/^installed //p') || true
missing=()
for package in "${packages[@]}"; do
  [[ $'\n'$installed$'\n' == *$'\n'$package$'\n'* ]] || missing+=("$package")
done

# Any PostgreSQL server will do.
postgres=
if [[ -z ${DRYDOCK_POSTGRES_BIN:-} ]] && ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null &&
  ! command -v postgres >/dev/null; then
  postgres=postgresql
fi

[[ ${#missing[@]} -eq 0 && -z $postgres ]] && exit 0

echo "drydock needs: ${missing[*]} $postgres"
if ! command -v apt-get >/dev/null; then
  echo "There is no apt-get here. Install these, by the names of your system, and run this again." >&2
  exit 1
fi
as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Only root may install them, and there is no sudo. Run, as root:" >&2
    echo "    apt-get install ${missing[*]} $postgres" >&2
    exit 1
  fi
  as_root=(sudo)
  # Without a terminal nobody can type a password.
  [[ -t 0 ]] || as_root+=(--non-interactive)
fi
apt_get() {
  echo "+ apt-get $*"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet \
    -o Dpkg::Options::=--force-confold "$@"
}

apt_get update
if [[ ${#missing[@]} -gt 0 ]]; then
  apt_get install --yes --no-install-recommends "${missing[@]}"
fi
if [[ -n $postgres ]]; then
  # The programs alone are wanted. The package would also make a database cluster and
  # start it, unless this file says otherwise; afterwards the file says what it said.
  apt_get install --yes --no-install-recommends postgresql-common
  settings=/etc/postgresql-common/createcluster.conf
  "${as_root[@]}" cp --preserve "$settings" "$settings.drydock"
  trap '"${as_root[@]}" mv "$settings.drydock" "$settings"' EXIT
  echo 'create_main_cluster = false' | "${as_root[@]}" tee --append "$settings" >/dev/null
  apt_get install --yes --no-install-recommends "$postgres"
fi
echo "drydock has all that it needs."
