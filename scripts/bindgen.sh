# Source this file after environment.sh. Its tools write the bindings of a WebAssembly file and run tests in one.
BINDGEN_TARGET_DIR=$CACHE/target-bindgen
BINDGEN_VERSION=$(locked_version wasm-bindgen)
BINDGEN_TOOLS=$CACHE/tools/bindgen-$BINDGEN_VERSION-$(hash_of scripts/bindgen/Cargo.toml scripts/bindgen/Cargo.lock scripts/bindgen/src/*.rs)

# bindgen_tool NAME [OPTION...]: compiles $BINDGEN_TOOLS/NAME unless it exists. If two scripts compile it at once, cargo's
# lock makes one wait.
bindgen_tool() {
  local name=$1
  shift
  [ ! -x "$BINDGEN_TOOLS/$name" ] || return 0
  [ "$(locked_version wasm-bindgen-cli-support scripts/bindgen/Cargo.lock)" = "$BINDGEN_VERSION" ] ||
    fail "Cargo.lock has wasm-bindgen $BINDGEN_VERSION; scripts/bindgen/Cargo.toml must name that version, and its Cargo.lock have it"
  show_progress "$name" lines cargo build --locked --manifest-path scripts/bindgen/Cargo.toml --target-dir "$BINDGEN_TARGET_DIR" --bin "$name" "$@"
  mkdir -p "$BINDGEN_TOOLS"
  cp "$BINDGEN_TARGET_DIR/debug/$name" "$BINDGEN_TOOLS/$name.partial-$$"
  mv "$BINDGEN_TOOLS/$name.partial-$$" "$BINDGEN_TOOLS/$name"
}
