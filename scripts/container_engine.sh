#!/usr/bin/env bash
# A container engine for `make e2e`: Docker where it runs, else podman, set up under .e2e/ (root, Debian or Ubuntu).
# Prints what the caller should export: ENGINE (the command), BASE_IMAGE, and what the command and SAM need to find it.
#
# Without Docker there is usually no way to Docker's registries either, so the base image is made of Debian's packages:
# trixie, which has Python 3.13, as AWS's base does.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "container_engine: $*" >&2; }

if docker info >/dev/null 2>&1; then
  say "Docker"
  echo "ENGINE=docker"
  echo "BASE_IMAGE=${BASE_IMAGE:-public.ecr.aws/lambda/python:3.13}"
  exit
fi

mkdir -p .e2e
e2e=$PWD/.e2e
packages=(podman runc buildah containernetworking-plugins netavark iptables debootstrap)
if ! dpkg --status "${packages[@]}" >/dev/null 2>&1; then
  say "installing ${packages[*]}"
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

if ! podman --remote --url "$socket" version >/dev/null 2>&1; then
  rm -f "$e2e/podman.sock"
  say "podman"
  nohup podman system service --time=0 "$socket" >"$e2e/podman.log" 2>&1 </dev/null &
  echo $! >"$e2e/podman.pid"
  for _ in $(seq 50); do [ -S "$e2e/podman.sock" ] && break; sleep 0.2; done
fi

base=localhost/mammo-core-base:trixie
if ! podman image exists "$base"; then
  say "base image of Debian's packages (minutes)"
  debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates trixie "$e2e/rootfs" >"$e2e/debootstrap.log"
  # Behind a proxy that opens connections, the container has to trust what this machine trusts.
  cp /etc/ssl/certs/ca-certificates.crt "$e2e/rootfs/etc/ssl/certs/ca-certificates.crt"
  rm -rf "$e2e/rootfs/var/cache/apt" "$e2e/rootfs/var/lib/apt/lists"
  tar --create --directory "$e2e/rootfs" . | podman import --quiet - "$base" >&2
  rm -rf "$e2e/rootfs"
fi
echo "ENGINE=podman"
echo "CONTAINERS_CONF=$CONTAINERS_CONF"
echo "CONTAINERS_STORAGE_CONF=$CONTAINERS_STORAGE_CONF"
echo "DOCKER_HOST=$socket"
echo "BASE_IMAGE=$base"
