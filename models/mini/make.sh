#!/usr/bin/env bash
# make.sh [STEP…]: runs steps of making the small model; the default is all of them, from the packages to the model card.
# Data, checkpoints and the result lie in the cache: mini-run, or mini-smoke with SMOKE=1. See models/mini/README.md.
source "$(dirname "$0")/../../scripts/environment.sh"
export RERANK_WASM_CACHE=$CACHE PYTHONDONTWRITEBYTECODE=1
environment=$CACHE/python-mini

if ! cmp -s models/mini/requirements.txt "$environment/requirements.txt"; then
  say "pip install -r models/mini/requirements.txt (PyTorch: 6 GB on disk)"
  rm -rf "$environment"
  python3 -m venv "$environment" 2>/dev/null || { apt_install python3-venv; python3 -m venv --clear "$environment"; }
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r models/mini/requirements.txt
  cp models/mini/requirements.txt "$environment/"
fi
case " ${*:-all} " in
  *" all "* | *" eval "*) scripts/setup.sh build && scripts/build.sh ;;
esac
case " $* " in
  *" references "*) models/standin/full-tokenizer.py >/dev/null ;;
esac
cd models/mini
exec "$environment/bin/python" -m recipe "${@:-all}"
