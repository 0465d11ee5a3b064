#!/usr/bin/env bash
# Runs a command in a Debian of another release, in a copy of these sources:
#
#     bazel/chroot.sh trixie ./bazel/test.sh --quick
#
# The first run makes that Debian with debootstrap, from the mirror that apt uses here, and installs
# what drydock needs there. It stays in /var/cache/drydock, with what was built, for the next run.
# Mounts and processes live in namespaces of their own, so that they end with this script, however
# it ends.
set -euo pipefail

if [[ $# -lt 2 || $1 == -* ]]; then
  echo "usage: bazel/chroot.sh RELEASE COMMAND [ARGUMENT...]" >&2
  exit 2
fi
script=$(readlink --canonicalize "$0")
cd "$(dirname "$script")/.."

if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Only root may make another Debian (debootstrap, chroot), and there is no sudo here." >&2
    exit 1
  fi
  # Without a terminal nobody can type a password.
  without_terminal=()
  [[ -t 0 ]] || without_terminal=(--non-interactive)
  exec sudo "${without_terminal[@]}" "$script" "$@"
fi
release=$1
shift
root=/var/cache/drydock/$release
mkdir --parents /var/cache/drydock
exec 9>"$root.lock"
flock --nonblock 9 || { echo "waiting for another run in $root" && flock 9; }

# apt's own proxy, where it has one, for debootstrap and for apt in there.
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[[ -z ${http_proxy:-} ]] || export http_proxy

make_debian() {
  if ! command -v debootstrap >/dev/null; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends debootstrap
  fi
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
    'Component: main' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" | head --lines=1)
  if [[ -z $mirror ]]; then
    echo "apt here names no Debian mirror (see /etc/apt/sources.list*), from which to make $release." >&2
    exit 1
  fi
  rm --recursive --force "$root.new"
  debootstrap --variant=minbase --include=ca-certificates,sudo "$release" "$root.new" "$mirror"
  chroot "$root.new" useradd --create-home --shell /bin/bash drydock
  mv "$root.new" "$root"
}
[[ -d $root ]] || make_debian

# The sources as they are now. tar keeps the times of the files, by which CMake goes.
rm --recursive --force "$root/home/drydock/drydock"
mkdir "$root/home/drydock/drydock"
tar --create --exclude=./.git --exclude=./.bazel --exclude='./bazel-*' --exclude=./.bazelrc.user \
  --exclude=./build . |
  tar --extract --no-same-owner --directory="$root/home/drydock/drydock"
chroot "$root" chown --recursive drydock: /home/drydock/drydock
cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"

# Process 1 of the inner namespace; all that is in there ends with it.
inside='
  set -euo pipefail
  root=$1 && shift
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  chroot "$root" /home/drydock/drydock/bazel/install.sh
  status=0
  chroot "$root" runuser --login drydock --command "cd drydock && $*" || status=$?
  exit "$status"'
unshare --mount --pid --ipc --fork --kill-child bash -c "$inside" inside "$root" \
  "$(printf '%q ' "$@")" &
trap 'kill -KILL $! 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
wait $!
