//! The command line says what is wrong with an option or a file.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::protobuf::{graph_of, model, node};
use crate::support::read;

const TINY: &str = "tests/fixtures/standin-tiny";

/// Runs the command in the repository. Returns whether it succeeded, and what it says on standard error.
fn run<Argument: AsRef<OsStr>>(arguments: &[Argument]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rerank"));
    let output = command.current_dir(crate::support::repository("")).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap().trim_end().to_owned())
}

fn refusal<Argument: AsRef<OsStr>>(arguments: &[Argument]) -> String {
    let (succeeds, text) = run(arguments);
    assert!(!succeeds, "{text}");
    text
}

/// A folder for the files of one test, which is empty at first.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn values_of_options() {
    for (option, value, reason) in [
        ("--bits", "5", "\"5\" is no number of bits; use 4, 8 or mixed"),
        ("--rounding", "up", "\"up\" is no rounding; use compensated or nearest"),
        ("--max-memory", "110 megabytes", "\"110 megabytes\" is no size; use one like 25MiB or 110MB"),
        ("--shard", "0MB", "\"0MB\" is no size; use one like 25MiB or 110MB"),
        ("--shard", "99999999999GB", "\"99999999999GB\" is no size; use one like 25MiB or 110MB"),
    ] {
        let text = refusal(&["convert", "--model", TINY, "output", option, value]);
        assert_eq!(text, format!("rerank: cannot parse argument {value:?}: {reason}"));
    }
}

#[test]
fn arguments_that_are_missing() {
    for arguments in [&["score", "query", "-"][..], &["logits", "-"], &["convert", "output"]] {
        assert_eq!(refusal(arguments), "rerank: the option --model is missing");
    }
    assert_eq!(
        refusal(&["convert", "--model", TINY, ".."]),
        "rerank: OUTPUT has no file name; name a file or pass --name"
    );
}

#[cfg(unix)]
#[test]
fn a_query_that_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let arguments = ["score", "--model", TINY].map(OsStr::new);
    let query = [OsStr::from_bytes(b"\xff"), OsStr::new("-")];
    assert_eq!(refusal(&[&arguments[..], &query].concat()), "rerank: the query is not UTF-8");
}

#[test]
fn files_that_are_missing_or_no_text() {
    let folder = folder("refused_arguments");
    let shown = folder.display();
    let convert = |more: &[&str]| {
        let arguments = ["convert", "--model", folder.to_str().unwrap(), "output"];
        refusal(&[&arguments[..], more].concat())
    };
    let reason = "the directory holds no graph with a usual name; add one such as onnx/model_quantized.onnx or \
                  onnx/model.onnx";
    assert_eq!(convert(&[]), format!("rerank: {shown}: {reason}"));

    fs::write(folder.join("model.onnx"), read("tests/fixtures/external/int8.onnx")).unwrap();
    let weights = folder.join("int8.onnx_data");
    let start =
        format!("rerank: the weights of the model are in the file {}, which cannot be read: ", weights.display());
    let text = convert(&[]);
    assert!(text.starts_with(&start) && text.ends_with(" [invalid_input]"), "{text}");

    fs::write(weights, read("tests/fixtures/external/int8.onnx_data")).unwrap();
    fs::copy(crate::support::repository(TINY).join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let sample = folder.join("sample.tsv");
    fs::write(&sample, b"query\t\xff").unwrap();
    let text = convert(&["--sample", sample.to_str().unwrap()]);
    assert_eq!(text, format!("rerank: {}: the text is not UTF-8", sample.display()));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_graph_that_runs_slowly() {
    let folder = folder("slow_graph");
    let nodes = [
        node("Cast", &["input_ids"], "numbers").integer("to", 1),
        node("Softmax", &["numbers"], "shares").integer("axis", 1),
        node("ReduceMax", &["shares"], "y").integers("axes", &[1]),
    ];
    fs::write(folder.join("model.onnx"), model(graph_of(&[("input_ids", &[])], &nodes)).0).unwrap();
    fs::copy(crate::support::repository(TINY).join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let documents = folder.join("documents.txt");
    fs::write(&documents, "a document\n").unwrap();
    let said = run(&["score", "--model", folder.to_str().unwrap(), "query", documents.to_str().unwrap()]);
    let warning = "rerank: the graph runs slowly, since the engine has no fast form of 1 Softmax";
    assert_eq!(said, (true, warning.to_owned()));
    fs::remove_dir_all(folder).unwrap();
}
