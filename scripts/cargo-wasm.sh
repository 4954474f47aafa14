# Sourced after environment.sh: cargo for WebAssembly, with whichever toolchain setup.sh found.
TOOLCHAIN=$(cat "$CACHE/toolchain")
TARGET=wasm32-unknown-unknown
# Empty where setup.sh has looked for none yet.
THREADS_TOOLCHAIN=$(cat "$CACHE/threads-toolchain" 2>/dev/null || true)
if [ "$TOOLCHAIN" = rustup ]; then WASM_TARGET_DIR=$CARGO_TARGET_DIR; else WASM_TARGET_DIR=$CACHE/target-debian; fi

# Another place: build scripts look at RUSTC_BOOTSTRAP, so the two would undo each other's work in one.
THREADS_TARGET_DIR=$CARGO_TARGET_DIR-threads

# Exported, the constructors (tract's registries) run when the glue calls them; otherwise the linker would wrap every
# export to run them again.
CONSTRUCTORS='-C link-arg=--export=__wasm_call_ctors'

# cargo_wasm COMMAND [OPTION...]: what it builds goes to $WASM_TARGET_DIR/$TARGET.
cargo_wasm() {
  local flags="-C target-feature=+simd128 $CONSTRUCTORS" command=$1
  shift
  if [ "$TOOLCHAIN" = rustup ]; then
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "$command" --locked --target "$TARGET" "$@"
  else
    cargo_with_std debian "$WASM_TARGET_DIR" "$flags" "$command" "$@"
  fi
}

# cargo_wasm_threads COMMAND [OPTION...]: the same with atomics and a memory that is shared, into $THREADS_TARGET_DIR/$TARGET.
cargo_wasm_threads() {
  local flags="-C target-feature=+simd128,+atomics,+bulk-memory,+mutable-globals $CONSTRUCTORS" argument
  for argument in shared-memory import-memory max-memory=4294967296 export=__wasm_init_tls export=__tls_size \
    export=__tls_align export=__tls_base export=__heap_base; do
    flags+=" -C link-arg=--$argument"
  done
  cargo_with_std "$THREADS_TOOLCHAIN" "$THREADS_TARGET_DIR" "$flags" "$@"
}

# cargo_with_std TOOLCHAIN TARGET_DIR FLAGS COMMAND [OPTION...]: std too is built, with these flags. A stable compiler does
# that only when told that it may.
cargo_with_std() {
  local toolchain=$1 target=$2 flags=$3 command=$4
  shift 4
  set -- "$command" --locked --target "$TARGET" -Zbuild-std=std,panic_abort "$@"
  if [ "$toolchain" = rustup ]; then
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "$@"
  else
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -C linker=wasm-ld-22" \
      CARGO_TARGET_DIR=$target CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} /usr/bin/cargo "$@"
  fi
}
