//! Models that the engine does not run are refused with a sentence that says why and what to do.

use std::io::Cursor;

use crate::support::protobuf::{Message, join, model, node, tensor, value_info};
use crate::support::{TINY, graph, read};
use rerank_wasm::convert::Graphs;
use rerank_wasm::engine::{Expectation, Loader, sequence_limits};
use rerank_wasm::error::{Error, ModelFile};
use rerank_wasm::tokenizer::compact_form;
use serde_json::json;

const FORMS: &str = "; the forms that work are int8 by dynamic quantisation (DynamicQuantizeLinear, in most repositories \
                     model_quantized.onnx) or static (QDQ), fp16 and fp32 (model.onnx)";

/// A graph of these nodes, with one weight.
fn refusal(nodes: &[Message], weight: Message) -> Error {
    let nodes = nodes.iter().cloned().fold(Message::new(), |graph, node| graph.message(1, node));
    let ends = Message::new().message(11, value_info("input_ids", 7, &[])).message(12, value_info("y", 1, &[1, 1]));
    let graph_of = model(join(&[nodes, Message::new().message(5, weight), ends]));
    let error = graph(&graph_of.0).expect_err("it must be refused");
    assert_eq!(error.code(), "unsupported_model", "{error}");
    error
}

fn floats() -> Message {
    tensor("w", 1, &[1], &[0; 4])
}

fn foreign(operator: &str, output: &str) -> Message {
    node(operator, &["input_ids", "w"], output).text(7, "com.microsoft")
}

#[test]
fn operators_of_onnxruntime_are_refused_with_the_forms_that_work() {
    for (nodes, found) in [
        (vec![foreign("MatMulNBits", "y")], "com.microsoft.MatMulNBits (1)"),
        (vec![foreign("MatMulBnb4", "y")], "com.microsoft.MatMulBnb4 (1)"),
        (vec![foreign("FusedMatMul", "x"), foreign("FusedMatMul", "y")], "com.microsoft.FusedMatMul (2)"),
        (vec![node("QLinearMatMul", &["input_ids", "w"], "y")], "QLinearMatMul (1)"),
    ] {
        let expected = format!("model file: the graph uses operators that the engine does not support: {found}{FORMS}");
        assert_eq!(refusal(&nodes, floats()).to_string(), expected);
    }
}

/// Another form of the model would use it, too.
#[test]
fn other_operators_of_onnx_are_refused_alone() {
    let error = refusal(&[node("Conv", &["input_ids", "w"], "y")], floats());
    assert_eq!(
        error.to_string(),
        "model file: the graph uses operators that the engine does not support: Conv (1); choose a cross-encoder of a \
         family that docs/models-and-cache.md lists"
    );
}

#[test]
fn weights_of_four_bits_are_refused_with_the_forms_that_work() {
    let expected = "model file: tensor \"w\": its data type 22 has 4 bits, or is a float of 8 bits; this engine does \
                    not read it";
    let error = refusal(&[node("Add", &["input_ids", "w"], "y")], tensor("w", 22, &[2], &[0]));
    assert_eq!(error.to_string(), format!("{expected}{FORMS}"));
}

#[test]
fn a_language_model_is_refused_by_its_config() {
    let config = br#"{"architectures": ["Qwen3ForCausalLM"], "max_position_embeddings": 40960}"#;
    let error = sequence_limits(config).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    assert_eq!(
        error.to_string(),
        "config file: the model is a language model that generates text, or is built on one, as its architecture \
         Qwen3ForCausalLM shows; choose a cross-encoder on an encoder such as BERT, which reads query and document at once"
    );
    for model_type in ["qwen2", "qwen3", "gemma", "gemma3_text", "llama", "mistral", "phi3", "modernbert-decoder"] {
        let config = format!(
            r#"{{"architectures": ["AnyForSequenceClassification"], "model_type": "{model_type}", "max_position_embeddings": 40960}}"#
        );
        let error = sequence_limits(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(&format!("is built on one, as its model_type {model_type} shows; choose")), "{error}");
    }
    for model_type in ["bert", "modernbert", "deberta-v2", "xlm-roberta", "mpnet", "new", "gte"] {
        sequence_limits(format!(r#"{{"model_type": "{model_type}"}}"#).as_bytes()).unwrap();
    }
    for other in [r#"["BertForSequenceClassification"]"#, "null", "7", "[]"] {
        sequence_limits(format!(r#"{{"architectures": {other}}}"#).as_bytes()).unwrap();
    }
}

#[test]
fn so_is_a_graph_in_the_form_q_operator() {
    let mut file = read(TINY);
    let places: Vec<usize> = (0..file.len()).filter(|&place| file[place..].starts_with(b"\"\x07Softmax")).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|&place| file[place + 2..][..7].copy_from_slice(b"QLinear"));
    assert!(graph(&file).unwrap_err().to_string().ends_with(FORMS));
}

const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 279301077\n";

/// Loads one file of this role, in chunks of a few bytes.
fn arrive(loader: &mut Loader, file: ModelFile, size: Option<usize>, bytes: &[u8]) -> Result<(), Error> {
    loader.begin(file, Expectation { size, ..Default::default() })?;
    bytes.chunks(10).try_for_each(|chunk| loader.push(chunk))?;
    loader.end()
}

#[test]
fn a_file_of_another_kind_is_named_in_each_role() {
    use ModelFile::{Bundle, Config, Model, Tokenizer};
    let message = br#"{"error":"Invalid username or password."}"#;
    for (bytes, found) in [
        (POINTER, "the file is a Git LFS pointer, which `git lfs pull` replaces with the file that it stands for"),
        (b"<!doctype html>\n<title>Sign in</title>", "the file is a page of HTML or XML, such as a server's error"),
        (message, "the file is JSON, such as a server's message; it begins with \"{\\\"error\\\":\\\"Invalid"),
        (b"", "the file is empty"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "the file is compressed with gzip; the engine reads it decompressed"),
        (b"PK\x03\x04", "the file is a ZIP archive, such as weights of PyTorch"),
    ] {
        for file in [Model, Tokenizer, Config, Bundle] {
            for size in [None, Some(bytes.len())] {
                let error = arrive(&mut Loader::default(), file, size, bytes).unwrap_err();
                assert_eq!(error.code(), "invalid_model", "{error}");
                assert!(error.to_string().starts_with(&format!("{file} file: {found}")), "{error}");
            }
        }
    }
}

#[test]
fn a_pinned_file_of_another_kind_is_named_beside_its_size() {
    let error = arrive(&mut Loader::default(), ModelFile::Model, Some(279_301_077), POINTER).unwrap_err();
    assert_eq!(error.code(), "integrity_mismatch");
    let expected = "model file: the file has 74 bytes; 279301077 were expected, and it is a Git LFS pointer, which";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn weights_of_another_kind_are_named_and_may_come_again() {
    let [graph, data] = ["int8.onnx", "int8.onnx_data"].map(|name| read(&format!("tests/fixtures/external/{name}")));
    for size in [None, Some(POINTER.len())] {
        let mut loader = Loader::default();
        arrive(&mut loader, ModelFile::Model, None, &graph).unwrap();
        let error = arrive(&mut loader, ModelFile::Data, size, POINTER).unwrap_err();
        assert_eq!(error.code(), "invalid_model", "{error}");
        assert!(error.to_string().starts_with("data file: the file is a Git LFS pointer"), "{error}");
        arrive(&mut loader, ModelFile::Data, None, &data).unwrap();
    }
}

#[test]
fn the_converter_names_files_of_another_kind() {
    let [graph, tokenizer, config] = [
        Graphs::open(Cursor::new(POINTER), &mut |_| unreachable!()).err(),
        compact_form(POINTER).err(),
        sequence_limits(POINTER).err(),
    ];
    let external = read("tests/fixtures/external/int8.onnx");
    let data = Graphs::open(Cursor::new(external), &mut |_| Ok(Box::new(Cursor::new(POINTER)))).err();
    for (file, error) in [("model", graph), ("tokenizer", tokenizer), ("config", config), ("data", data)] {
        let error = error.unwrap().to_string();
        assert!(error.starts_with(&format!("{file} file: the file is a Git LFS pointer")), "{error}");
    }
}

/// Loads the tiny model, which has rows for 1000 ids, with another tokenizer.
fn with_tokenizer(tokenizer: &[u8]) -> Result<(), Error> {
    let config = read("tests/fixtures/standin-tiny/config.json");
    crate::support::load(&read(TINY), tokenizer, &config, 1 << 20).map(drop)
}

#[test]
fn a_tokenizer_with_more_ids_than_the_model_has_rows_is_refused() {
    let tiny = read("tests/fixtures/standin-tiny/tokenizer.json");
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json: serde_json::Value = serde_json::from_slice(&tiny).unwrap();
        change(&mut json);
        serde_json::to_vec(&json).unwrap()
    };
    let push = |json: &mut serde_json::Value, pointer: &str, value: serde_json::Value| {
        json.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(value);
    };
    let token = json!({
        "id": 1000, "content": "<extra>", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true
    });
    let added = with(&|json| push(json, "/added_tokens", token.clone()));
    let piece = with(&|json| push(json, "/model/vocab", json!(["qqqqqq", -12.5])));
    // The crate runs a tokenizer with another pre-tokenizer.
    let general = with(&|json| {
        push(json, "/added_tokens", token.clone());
        json["pre_tokenizer"] = json!({ "type": "Metaspace", "replacement": "_", "prepend_scheme": "first" });
    });
    let words = json!({
        "version": "1.0", "added_tokens": [], "pre_tokenizer": { "type": "Whitespace" },
        "model": { "type": "WordLevel", "unk_token": "?", "vocab": { "?": 3, "rare": 1000 } }
    });
    let compact = compact_form(&piece).unwrap();
    for tokenizer in [added, piece, general, words.to_string().into_bytes(), compact] {
        let error = with_tokenizer(&tokenizer).unwrap_err();
        assert_eq!(error.code(), "unsupported_model", "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("tokenizer file: its ids go up to 1000, and the model has no row for that one"),
            "{text}"
        );
        assert!(text.ends_with("use the tokenizer.json of the same model"), "{text}");
    }
    with_tokenizer(&tiny).unwrap();
    let fewer = with(&|json| drop(json["model"]["vocab"].as_array_mut().unwrap().pop()));
    with_tokenizer(&fewer).unwrap();
}
