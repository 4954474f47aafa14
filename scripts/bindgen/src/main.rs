//! `bindgen INPUT.wasm DIRECTORY NAME`: writes NAME.js, NAME.d.ts and NAME_bg.wasm into DIRECTORY.
//!
//! The JavaScript runs in any scope (the target `no-modules`). `scripts/build.sh` wraps it into a factory.

use std::env;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    run(&env::args().skip(1).collect::<Vec<_>>())
}

fn run(arguments: &[String]) -> Result<()> {
    let [input, directory, name] = arguments else {
        bail!("usage: bindgen INPUT.wasm DIRECTORY NAME");
    };
    Bindgen::new()
        .no_modules(true)?
        .typescript(true)
        .omit_default_module_path(false)
        .demangle(false)
        .remove_name_section(true)
        .input_path(input)
        .out_name(name)
        .generate(directory)
        .with_context(|| format!("bindgen cannot write the JavaScript of {input}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn error(arguments: &[&str]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.into()).collect();
        format!("{:#}", run(&arguments).unwrap_err())
    }

    #[test]
    fn wrong_arguments_are_answered_with_the_usage() {
        for arguments in [&[][..], &["a.wasm", "out"], &["a.wasm", "out", "name", "more"]] {
            assert!(error(arguments).starts_with("usage: bindgen"), "{arguments:?}");
        }
    }

    #[test]
    fn an_error_names_the_input() {
        let folder = env::temp_dir().join(format!("bindgen-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let input = folder.join("no.wasm");
        fs::write(&input, "this is no WebAssembly").unwrap();
        let message = error(&[input.to_str().unwrap(), folder.to_str().unwrap(), "no"]);
        assert!(message.contains("no.wasm"), "{message}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is written");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_module_without_exports_gets_its_three_files() {
        let folder = env::temp_dir().join(format!("bindgen-empty-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let input = folder.join("empty.wasm");
        fs::write(&input, b"\0asm\x01\0\0\0").unwrap();
        run(&[input.to_str().unwrap().into(), folder.to_str().unwrap().into(), "empty".into()]).unwrap();
        let glue = fs::read_to_string(folder.join("empty.js")).unwrap();
        assert!(glue.starts_with("let wasm_bindgen"), "{glue}");
        assert!(folder.join("empty.d.ts").exists() && folder.join("empty_bg.wasm").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
