#!/bin/sh
# python.sh ARGUMENT…: runs Python with the packages of requirements.txt. ../packages.sh installs them in python-bench of
# the cache folder.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/models/packages.sh"
install_packages python-bench "$root/models/standin/requirements.txt"
python "$@"
