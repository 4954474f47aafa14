# Sourced after environment.sh: cargo for WebAssembly, with whichever toolchain setup.sh found.
TOOLCHAIN=$(cat "$CACHE/toolchain")
TARGET=wasm32-unknown-unknown
if [ "$TOOLCHAIN" = rustup ]; then WASM_TARGET_DIR=$CARGO_TARGET_DIR; else WASM_TARGET_DIR=$CACHE/target-debian; fi

# cargo_wasm COMMAND [OPTION...]: what it builds goes to $WASM_TARGET_DIR/$TARGET.
cargo_wasm() {
  # Exported, the constructors (tract's registries) run when the glue calls them; otherwise the linker would wrap every
  # export to run them again.
  local flags='-C target-feature=+simd128 -C link-arg=--export=__wasm_call_ctors' command=$1
  shift
  if [ "$TOOLCHAIN" = rustup ]; then
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "$command" --locked --target "$TARGET" "$@"
  else
    # Debian ships std as source, and a stable compiler rebuilds it only when told that it may.
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -C linker=wasm-ld-22" \
      CARGO_TARGET_DIR=$WASM_TARGET_DIR CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} \
      /usr/bin/cargo "$command" --locked --target "$TARGET" -Zbuild-std=std,panic_abort "$@"
  fi
}
