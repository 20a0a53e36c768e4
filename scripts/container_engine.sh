#!/usr/bin/env bash
# A container engine for `make e2e`: Docker where it runs, else podman, set up under .e2e/ (root; Debian 12, Ubuntu 24.04
# or newer). Prints what the caller should export: ENGINE (the command), BASE_IMAGE, and what the command and SAM need to
# find it. Podman goes on running for the next time; `kill $(cat .e2e/podman.pid)` ends it.
#
# Without Docker there is usually no way to Docker's registries either, so the base image is made of Debian's packages:
# trixie, which has Python 3.13, as AWS's base does. DEBIAN_MIRROR names another mirror than deb.debian.org.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "container_engine: $*" >&2; }
fail() { say "$*"; exit 1; }

if docker info >/dev/null 2>&1; then
  say "Docker"
  echo "ENGINE=docker"
  echo "BASE_IMAGE=${BASE_IMAGE:-public.ecr.aws/lambda/python:3.13}"
  exit
fi

[ "$(id -u)" = 0 ] || fail "Docker does not answer (does it run? may you use it?), and only root can set podman up instead."
command -v apt-get >/dev/null || fail "Docker does not answer, and podman is set up here on Debian and Ubuntu only."

mkdir -p .e2e
e2e=$PWD/.e2e
# The last three, because nothing that is recommended is installed: debootstrap's signatures, and what TLS trusts.
packages=(podman runc buildah containernetworking-plugins netavark iptables debootstrap)
packages+=(debian-archive-keyring gpgv ca-certificates)
# What was removed but not purged is still known to dpkg, so it is asked for the status.
missing() {
  local package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}
if [ -n "$(missing)" ]; then
  say "installing" $(missing)
  apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${packages[@]}" >&2
fi

# Podman's own defaults ask for systemd, for its cgroups and for limits that a machine without them cannot give.
cat >"$e2e/containers.conf" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
cat >"$e2e/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$e2e/storage"
runroot = "$e2e/run"
END
export CONTAINERS_CONF=$e2e/containers.conf CONTAINERS_STORAGE_CONF=$e2e/storage.conf
socket=unix://$e2e/podman.sock
answers() { podman --remote --url "$socket" version >/dev/null 2>&1; }

if ! answers; then
  rm -f "$e2e/podman.sock"
  say "podman"
  nohup podman system service --time=0 "$socket" >"$e2e/podman.log" 2>&1 </dev/null &
  echo $! >"$e2e/podman.pid"
  for _ in $(seq 50); do answers && break; sleep 0.2; done
  answers || fail "podman does not answer: $(tail -n 3 "$e2e/podman.log")"
fi

base=localhost/mammo-core-base:trixie
if ! podman image exists "$base"; then
  say "base image of Debian's packages (minutes)"
  root=$e2e/rootfs
  # What an earlier attempt that was stopped has left there, but never what it had mounted.
  umount --quiet "$root/proc" "$root/sys" 2>/dev/null || true
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --include=python3,python3-pip,ca-certificates trixie "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} \
    >"$e2e/debootstrap.log" 2>&1 || fail "debootstrap failed: $(tail -n 3 "$e2e/debootstrap.log")"
  # Behind a proxy that opens connections, the container has to trust what this machine trusts.
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
  tar --create --directory "$root" . | podman import --quiet - "$base" >&2
  rm -rf --one-file-system "$root"
fi
echo "ENGINE=podman"
echo "CONTAINERS_CONF=$CONTAINERS_CONF"
echo "CONTAINERS_STORAGE_CONF=$CONTAINERS_STORAGE_CONF"
echo "DOCKER_HOST=$socket"
echo "BASE_IMAGE=$base"
