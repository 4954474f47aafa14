//! Cargo runs the tests of a WebAssembly crate with this program: the published runner, which starts Node.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
