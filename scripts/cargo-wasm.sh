# Source this file after environment.sh. It runs cargo for WebAssembly with the toolchain that setup.sh found.
TOOLCHAIN=$(cat "$CACHE/toolchain")
TARGET=wasm32-unknown-unknown
# Empty until setup.sh has chosen one.
THREADS_TOOLCHAIN=$(cat "$CACHE/threads-toolchain" 2>/dev/null || true)
if [ "$TOOLCHAIN" = rustup ]; then WASM_TARGET_DIR=$CARGO_TARGET_DIR; else WASM_TARGET_DIR=$CACHE/target-debian; fi

# Build scripts depend on RUSTC_BOOTSTRAP. In one folder, the two kinds of build would recompile each other's work.
THREADS_TARGET_DIR=$CARGO_TARGET_DIR-threads

# The export lets the bindings call the constructors (tract's registries). Without it the linker would wrap every export,
# and each call would run them again.
CONSTRUCTORS='-C link-arg=--export=__wasm_call_ctors'

# shorten_paths CARGO RUSTC: prints the compiler's options that shorten the paths of sources, which an engine holds for its
# panics. So its bytes do not depend on where a machine keeps crates and toolchains, and each engine is 20 kB smaller. The
# options name the folders of the crates, which must be there before. No option may hold a space.
shorten_paths() {
  local cargo=$1 rustc=$2 folder
  "$cargo" fetch --quiet --locked --target "$TARGET"
  for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    case $folder in *' '*) ;; *) echo "--remap-path-prefix=$folder=" ;; esac
  done
  # The compiled standard library has this name for its sources.
  folder=$("$rustc" --print sysroot)/lib/rustlib/src/rust
  case $folder in *' '*) ;; *) echo "--remap-path-prefix=$folder=/rustc/$("$rustc" -vV | sed -n 's/^commit-hash: //p')" ;; esac
}

# cargo_wasm COMMAND [OPTION...]: runs cargo without threads; the output goes to $WASM_TARGET_DIR/$TARGET.
cargo_wasm() {
  local flags="-C target-feature=+simd128 $CONSTRUCTORS" command=$1
  shift
  if [ "$TOOLCHAIN" = rustup ]; then
    flags+=" $(shorten_paths cargo rustc | tr '\n' ' ')"
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "$command" --locked --target "$TARGET" "$@"
  else
    cargo_with_std debian "$WASM_TARGET_DIR" "$flags" "$command" "$@"
  fi
}

# cargo_wasm_threads COMMAND [OPTION...]: runs cargo with atomics and a shared memory; the output goes to
# $THREADS_TARGET_DIR/$TARGET.
cargo_wasm_threads() {
  local flags="-C target-feature=+simd128,+atomics,+bulk-memory,+mutable-globals $CONSTRUCTORS" argument
  for argument in shared-memory import-memory max-memory=4294967296 export=__wasm_init_tls export=__tls_size \
    export=__tls_align export=__tls_base export=__heap_base; do
    flags+=" -C link-arg=--$argument"
  done
  cargo_with_std "$THREADS_TOOLCHAIN" "$THREADS_TARGET_DIR" "$flags" "$@"
}

# cargo_with_std TOOLCHAIN TARGET_DIR FLAGS COMMAND [OPTION...]: builds the standard library too, with these flags and without
# backtraces, which WebAssembly has not. A stable compiler needs RUSTC_BOOTSTRAP=1 for that.
cargo_with_std() {
  local toolchain=$1 target=$2 flags=$3 command=$4
  shift 4
  set -- "$command" --locked --target "$TARGET" -Zbuild-std=std,panic_abort -Zbuild-std-features= "$@"
  if [ "$toolchain" = rustup ]; then
    flags+=" $(shorten_paths cargo rustc | tr '\n' ' ')"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "$@"
  else
    flags+=" $(shorten_paths /usr/bin/cargo /usr/bin/rustc | tr '\n' ' ')"
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -C linker=wasm-ld-22" \
      CARGO_TARGET_DIR=$target CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} /usr/bin/cargo "$@"
  fi
}
