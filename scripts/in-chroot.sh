#!/usr/bin/env bash
# in-chroot.sh FOLDER COMMAND...: becomes the command, with FOLDER as its root. The command sees this machine's processes,
# devices, shared memory and displays. The mounts are its own, so nothing is left of them when it ends. It needs root.
set -euo pipefail
mkdir -p /tmp/.X11-unix "$1/tmp/.X11-unix"
exec unshare --mount bash -c '
  set -e
  mount -t proc proc "$0/proc"
  mount --rbind /sys "$0/sys"
  mount --rbind /dev "$0/dev"
  mount --bind /tmp/.X11-unix "$0/tmp/.X11-unix"
  exec chroot "$0" "$@"' "$@"
