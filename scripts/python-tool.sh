# Source this file after environment.sh. It installs packages of PyPI into the cache.

# python_tool PACKAGE VERSION: sets PYTHON_TOOL to a folder for PYTHONPATH with the package, and installs it if it is missing.
python_tool() {
  local partial options=(--quiet --disable-pip-version-check --root-user-action=ignore)
  PYTHON_TOOL=$CACHE/tools/$1-$2
  [ ! -d "$PYTHON_TOOL" ] || return 0
  say "pip install $1 $2"
  partial=$PYTHON_TOOL.partial-$$
  # Debian moves ensurepip to python3-venv, so a plain Python cannot make a venv; --target works everywhere.
  python3 -m pip install "${options[@]}" --target "$partial" "$1==$2"
  # A parallel run may already have installed it; then this copy goes.
  mv -T "$partial" "$PYTHON_TOOL" 2>/dev/null || rm -rf "$partial"
}

# serve_for NAME COMMAND...: starts a server that prints its URL, sets URL to that, and ends the server with this script.
serve_for() {
  local name=$1 output=$CACHE/$1-$$
  shift
  # The loop below may read this file before the server writes it.
  : >"$output"
  "$@" >"$output" &
  # shellcheck disable=SC2064
  trap "kill $!; rm -f '$output'" EXIT
  for _ in {1..100}; do
    URL=$(cat "$output")
    [ -z "$URL" ] || return 0
    sleep 0.1
  done
  fail "the server of $name printed no URL within 10 seconds; its own error stands above"
}
