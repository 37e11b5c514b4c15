# shellcheck shell=bash
# What bin/quickstart and bin/test share: getting a Debian or Ubuntu machine ready. Sourced, not run.
# Every function may be called again: what exists already is left alone.

# What virtform itself needs on a host.
runtime_packages=(libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils dosfstools mtools)

say() { printf '\n==> %s\n' "$*"; }

fail() {
  printf '\nError: %s\n' "$*" >&2
  exit 1
}

# as_root COMMAND…: as it is for root, with sudo for anybody else.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root and there is no sudo. As root, run: $*"
  fi
}

require_debian_or_ubuntu() {
  local id='' like=''
  # shellcheck disable=SC1091
  [ -r /etc/os-release ] && id=$(. /etc/os-release && printf '%s' "$ID") && like=$(. /etc/os-release && printf '%s' "${ID_LIKE:-}")
  case " $id $like " in
    *' debian '* | *' ubuntu '*) ;;
    *) fail "this script supports Debian and Ubuntu, and this is ${id:-something else}. Install these by hand: ${runtime_packages[*]} (by their Debian names) and Node 24." ;;
  esac
  [ "$(dpkg --print-architecture)" = amd64 ] || fail "this script supports x86-64 machines, and this is $(dpkg --print-architecture)."
}

# kernel_package: the smallest kernel for virtual machines.
kernel_package() {
  # shellcheck disable=SC1091
  case " $(. /etc/os-release && printf '%s %s' "$ID" "${ID_LIKE:-}") " in
    *' ubuntu '*) printf linux-image-virtual ;;
    *) printf linux-image-cloud-amd64 ;;
  esac
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# can_ask: there is a terminal to ask on.
can_ask() { [ -t 0 ] && [ -t 1 ] && [ -z "${CI:-}" ] && [ "${DEBIAN_FRONTEND:-}" != noninteractive ]; }

# install_packages NAME…: names the missing ones, asks once where there is a terminal, installs them.
install_packages() {
  local missing=() name answer
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} = 0 ] && return 0
  say "Installing what is missing: ${missing[*]}"
  if can_ask; then
    read -r -p 'Continue? [Y/n] ' answer
    case $answer in [nN]*) fail 'Cancelled: nothing was installed.' ;; esac
  fi
  # The usual reason to fail is an empty or outdated package list: only the second try is worth a message.
  apt_install "${missing[@]}" 2>/dev/null && return 0
  as_root apt-get update -qq || fail 'apt-get update failed: see the message above.'
  apt_install "${missing[@]}" || fail "could not install: ${missing[*]}"
}

apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

# Package lists of a fresh container are empty, and the guest's packages are downloaded with them.
ensure_package_lists() {
  apt-cache show busybox-static >/dev/null 2>&1 && return 0
  say 'Fetching the package lists'
  as_root apt-get update -qq
}

# --- libvirt -----------------------------------------------------------------------------------------------------------

libvirt_answers() { timeout 60 virsh -q -c qemu:///system version >/dev/null 2>&1; }

# daemon_runs NAME: its pid file may outlive it, and its number may belong to another process by now.
daemon_runs() { [ -s "/run/$1.pid" ] && [ "$(cat "/proc/$(cat "/run/$1.pid")/comm" 2>/dev/null)" = "$1" ]; }

# open_kvm: where no udev does it, lets libvirt's qemu user use KVM. Otherwise libvirt, which probes as root, finds KVM, then
# finds that its guests cannot have it, and probes every emulator again at every call: ten seconds each time.
open_kvm() {
  [ -c /dev/kvm ] && [ ! -d /run/systemd/system ] || return 0
  [ "$(stat -c %a /dev/kvm)" = 600 ] && getent group kvm >/dev/null || return 0
  chgrp kvm /dev/kvm && chmod 660 /dev/kvm
}

# start_libvirt: for root the system daemons; for anybody else nothing, as libvirt starts a session's daemon by itself.
start_libvirt() {
  [ "$(id -u)" = 0 ] || return 0
  open_kvm
  libvirt_answers && return 0
  say 'Starting libvirt'
  if [ -d /run/systemd/system ]; then
    systemctl start virtlogd.socket libvirtd.socket libvirtd.service
  else
    mkdir -p /run/libvirt
    daemon_runs virtlogd || virtlogd -d
    daemon_runs libvirtd || libvirtd -d
  fi
  local tries
  for ((tries = 0; tries < 60; tries++)); do
    libvirt_answers && return 0
    sleep 0.5
  done
  fail 'libvirt does not answer on qemu:///system. Its log: journalctl -u libvirtd, or run libvirtd in the foreground.'
}

# --- Node --------------------------------------------------------------------------------------------------------------

node_modules_current() {
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && [ -x "$1/node_modules/node/bin/node" ]
}

# prepare_node CHECKOUT: dependencies as the lock file has them, which bring Node 24, and that first on PATH. A node_modules
# that is a link belongs to another checkout, which npm ci would empty: it is used as it is.
prepare_node() {
  local checkout=$1
  command -v node >/dev/null && command -v npm >/dev/null || install_packages nodejs npm
  if [ ! -L "$checkout/node_modules" ] && ! node_modules_current "$checkout"; then
    say 'Installing the dependencies (npm ci)'
    (cd "$checkout" && npm ci --no-audit --no-fund --loglevel=error)
  fi
  [ ! -x "$checkout/node_modules/node/bin/node" ] || PATH=$checkout/node_modules/node/bin:$PATH
  export PATH
  [ "$(node -p 'process.versions.node.split(".")[0] >= 24')" = true ] ||
    fail "virtform needs Node 24 or newer, and this is $(node --version). Install it, for example from https://nodejs.org, and run this again."
}
