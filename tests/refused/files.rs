//! Each damage of a file is refused with its reason, by the name of the tensor, the node or the file that has it.

use crate::support::parse;
use crate::support::protobuf::{INT8, Message, join, model, node, tensor};
use crate::support::small_model::{DENSE, dense, ends, initializers, nodes, usual, words};
use rerank_wasm::engine::{Expectation, Loader, sequence_limits};
use rerank_wasm::error::{Error, MemoryUse, ModelFile, Result};
use rerank_wasm::onnx::{ExternalReader, Parsed, Parser};

/// What follows the reason in an error of this code.
fn advice(code: &str) -> &'static str {
    if code == "invalid_model" { "; replace it with a sound copy" } else { "" }
}

fn assert_reason(error: &Error, code: &str, reason: &str) {
    assert_eq!(error.to_string(), format!("model file: {reason}{}", advice(code)));
    assert_eq!(error.code(), code, "{error}");
}

fn assert_refused(file: &[u8], code: &str, reason: &str) {
    assert_reason(&parse(None, [file]).expect_err("it must be refused"), code, reason);
}

#[test]
fn bytes_that_are_no_protobuf_message() {
    for (bytes, reason) in [
        (vec![0, 0], "a field has the number 0; numbers run from 1 to 2^29 - 1"),
        (Message::new().varint(1 << 29, 0).0, "a field has the number 536870912; numbers run from 1 to 2^29 - 1"),
        (vec![0x0b], "field 1 is a group; ONNX has no groups"),
        (vec![0x14], "field 2 is a group; ONNX has no groups"),
        (vec![0x0e], "field 1 has the wire type 6; protobuf defines 0 to 5"),
        ([&[0x08][..], &[0xff; 10]].concat(), "a number has more than 64 bits"),
        (Message::new().varint(1, 6).0, "it holds no graph"),
    ] {
        assert_refused(&bytes, "invalid_model", &format!("the file is not an ONNX file: {reason}"));
    }
}

#[test]
fn files_that_end_too_early() {
    let graph = || join(&[nodes(), initializers(dense(), words()), ends()]);
    let in_tensor = Message::new().claims(7, 1000).claims(5, 500).text(8, "w");
    for (file, place) in [
        (usual().raw(&[0x80]), "the model"),
        (usual().claims(2, 5).raw(b"text"), "the model"),
        (Message::new().claims(7, 1000).raw(&graph().0), "the graph"),
        (in_tensor, "tensor \"w\""),
    ] {
        let reason = format!("the file ends after {} bytes, inside {place}; its rest is missing", file.0.len());
        assert_refused(&file.0, "invalid_model", &reason);
    }
    assert_refused(
        &Message::new().varint(1, 6).message(7, graph()).0,
        "invalid_model",
        "the file names no operator set, so its operators have no version",
    );
    let file = usual().0;
    let error = parse(Some(file.len() as u64 + 1), [&file[..]]).unwrap_err();
    let reason = format!("the file ends after {} bytes; {} were expected", file.len(), file.len() + 1);
    assert_reason(&error, "invalid_model", &reason);
}

#[test]
fn a_parser_takes_nothing_after_an_error() {
    let mut parser = Parser::new(None);
    parser.push(b"<html>").unwrap_err();
    for error in [parser.push(b"a").unwrap_err(), parser.finish().unwrap_err()] {
        assert_eq!(error.code(), "internal");
        assert_eq!(error.to_string(), "the parser takes no more bytes after an error in the model file");
    }
}

#[test]
fn damaged_tensors() {
    let named = || Message::new().text(8, "dense");
    let head = || named().varint(1, 3).varint(1, 2).varint(2, INT8);
    for (dense, code, reason) in [
        (
            named().packed(1, &[1; 65]).varint(2, INT8).bytes(9, &[0]),
            "unsupported_model",
            "it has more than 64 dimensions; this engine reads no more",
        ),
        (
            head().bytes(3, &[]),
            "unsupported_model",
            "its data is split into segments; save the model with each tensor in one piece",
        ),
        (head().bytes(6, b"a"), "unsupported_model", "it holds strings; this engine reads numbers only"),
        (
            tensor("dense", INT8, &[u64::MAX - 2, 2], &DENSE),
            "invalid_model",
            "its shape [-3, 2] has a negative dimension or more bytes than memory has addresses",
        ),
        (
            tensor("dense", INT8, &[1 << 62, 4], &DENSE),
            "invalid_model",
            "its shape [4611686018427387904, 4] has a negative dimension or more bytes than memory has addresses",
        ),
        (
            tensor("dense", 1, &[0, 1 << 40, 1 << 40], &[]),
            "invalid_model",
            "its shape [0, 1099511627776, 1099511627776] has a negative dimension or more bytes than memory has addresses",
        ),
        (
            tensor("dense", 1, &[3, 2], &DENSE),
            "invalid_model",
            "its shape [3, 2] and data type 1 require 24 raw bytes or 6 values; it holds 6 raw bytes and 0 values, 0 of \
             them in the field of its type",
        ),
        (
            head().packed(5, &[1; 4]).packed(7, &[1; 3]),
            "invalid_model",
            "its shape [3, 2] and data type 3 require 6 raw bytes or 6 values; it holds 0 raw bytes and 7 values, 4 of \
             them in the field of its type",
        ),
        (tensor("dense", 14, &[1], &[0; 8]), "unsupported_model", "this engine does not read its data type 14"),
        (tensor("dense", 77, &[3, 2], &DENSE), "invalid_model", "its data type 77 is unknown; ONNX defines 1 to 23"),
        (head().packed(5, &[1, 2, 3, 4, 5, 300]), "invalid_model", "its value 300 does not fit its 8-bit data type"),
        (
            head().message(13, Message::new().text(1, "location")),
            "unsupported_model",
            "its data is in another file; save the model with all its data in one file",
        ),
        (named().varint(1, 1).varint(2, 1).bytes(4, &[0; 5]), "invalid_model", "field 4 ends inside a value"),
        (named().bytes(2, &[1]), "invalid_model", "field 2 has the wrong wire type Bytes"),
        (named().varint(9, 1), "invalid_model", "field 9 has the wrong wire type Varint"),
        (named().bytes(1, &[0x80]), "invalid_model", "a packed field ends inside a value"),
        (named().claims(9, 1000), "invalid_model", "field 9 claims 1000 bytes, more than the message around it holds"),
        (dense(), "invalid_model", "two initializers have this name; each name must be unique"),
    ] {
        let twice = if reason.starts_with("two") { Message::new().message(5, dense.clone()) } else { Message::new() };
        let file = model(join(&[nodes(), initializers(dense, words()), twice, ends()]));
        assert_refused(&file.0, code, &format!("tensor \"dense\": {reason}"));
    }
}

#[test]
fn damaged_nodes() {
    let constant = || node("Constant", &[], "c");
    let short = tensor("", 1, &[3], &[0; 8]);
    for (node, reason) in [
        (constant().raw(&[0x0a]), "node \"c_node\": a message ends inside a field"),
        (constant().claims(1, 9), "node \"c_node\": field 1 claims 9 bytes, more than the message around it holds"),
        (Message::new().bytes(1, &[0xff]).text(3, "c_node"), "node \"c_node\": field 1 is not UTF-8"),
        (
            Message::new().text(2, "c").text(4, "Constant").tensor("value", short),
            "the node with the output \"c\": tensor \"\": its shape [3] and data type 1 require 12 raw bytes or 3 values; \
             it holds 8 raw bytes and 0 values, 0 of them in the field of its type",
        ),
    ] {
        let graph = join(&[Message::new().message(1, node), nodes(), initializers(dense(), words()), ends()]);
        assert_refused(&model(graph).0, "invalid_model", reason);
    }
}

#[test]
fn models_of_too_many_fields_or_levels() {
    let countless = model(Message::new().raw(&[0x6a, 0].repeat(262_143)));
    let reason = "the model has more than 262144 fields; this engine reads no more";
    assert_refused(&countless.0, "unsupported_model", reason);
    let mut branch = Message::new();
    for _ in 0..9 {
        branch = Message::new().message(1, Message::new().text(3, "inner").graph("then_branch", branch));
    }
    let nested = Message::new().message(1, Message::new().text(3, "outer").graph("then_branch", branch));
    let error = parse(None, [&model(nested).0[..]]).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    let text = error.to_string();
    assert!(text.starts_with("model file: node \"outer\": node \"inner\": "), "{text}");
    assert!(text.ends_with(": its graphs nest more than 8 levels deep; this engine reads no deeper"), "{text}");
}

/// A tensor of two floats with its data in another file, of which these entries say the place.
fn external(name: &str, entries: &[(&str, &str)]) -> Message {
    let tensor = Message::new().text(8, name).varint(1, 2).varint(2, 1);
    let entry = |(key, value): &(&str, &str)| Message::new().text(1, key).text(2, value);
    entries.iter().map(entry).fold(tensor, |tensor, entry| tensor.message(13, entry)).varint(14, 1)
}

fn with_tensors(tensors: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let graph = tensors.into_iter().fold(Message::new(), |graph, tensor| graph.message(5, tensor));
    model(join(&[graph, ends()])).0
}

#[test]
fn places_of_weights_beside_the_graph() {
    const FILE: (&str, &str) = ("location", "weights");
    for (entries, code, reason) in [
        (vec![], "invalid_model", "its data is in another file, which it does not name"),
        (
            vec![("location", "../weights")],
            "unsupported_model",
            "its data is in the file \"../weights\"; the engine reads only files beside the graph, named without a folder",
        ),
        (
            vec![FILE, ("offset", "-4")],
            "invalid_model",
            "the offset of its data in another file is \"-4\", which is no number",
        ),
        (
            vec![FILE, ("length", "8 bytes")],
            "invalid_model",
            "the length of its data in another file is \"8 bytes\", which is no number",
        ),
        (
            vec![FILE, ("length", "7")],
            "invalid_model",
            "its shape [2] and data type 1 require 8 bytes; it has 7 in the file \"weights\"",
        ),
        (
            vec![FILE, ("offset", "18446744073709551615")],
            "invalid_model",
            "the offset 18446744073709551615 of its data in the file \"weights\" is beyond any file",
        ),
    ] {
        assert_refused(&with_tensors([external("w", &entries)]), code, &format!("tensor \"w\": {reason}"));
    }
    let both = tensor("w", 1, &[2], &[0; 8]).message(13, Message::new().text(1, "location").text(2, "weights"));
    assert_refused(
        &with_tensors([both.varint(14, 1)]),
        "invalid_model",
        "tensor \"w\": its data is here and in the file \"weights\"; it must be in one place",
    );
    let overlapping = [external("w", &[FILE]), external("v", &[FILE, ("offset", "7")])];
    assert_refused(
        &with_tensors(overlapping),
        "invalid_model",
        "the tensors \"w\" and \"v\" overlap in the file \"weights\"; each must have bytes that no other has",
    );
    let many = (0..513).map(|file| external(&format!("w{file}"), &[("location", &format!("weights{file}"))]));
    assert_refused(
        &with_tensors(many),
        "unsupported_model",
        "the weights of the model are in 513 files; the engine reads at most 512: save them in one file beside the graph",
    );
}

fn reader() -> Box<ExternalReader> {
    let mut parser = Parser::new(None);
    parser.push(&with_tensors([external("w", &[("location", "weights"), ("offset", "4")])])).unwrap();
    match parser.finish_file().unwrap() {
        Parsed::Graph(reader) => reader,
        Parsed::Model(_) => panic!("the weights are in another file"),
    }
}

#[test]
fn weights_beside_the_graph_that_do_not_come() {
    let short =
        |size| format!("tensor \"w\": its data is 8 bytes from byte 4 on of \"weights\"; the file has {size} bytes");
    assert_reason(&reader().begin(Some(11), None).unwrap_err(), "invalid_model", &short(11));
    let mut begun = reader();
    begun.begin(None, None).unwrap();
    begun.push(&[0; 10]).unwrap();
    assert_reason(&begun.end().unwrap_err(), "invalid_model", &short(10));
    assert_reason(
        &reader().finish().unwrap_err(),
        "unsupported_model",
        "the weights of the model are in the file \"weights\", which did not come with it",
    );
    for error in [reader().push(&[0]).unwrap_err(), reader().end().unwrap_err()] {
        assert_eq!(error.code(), "internal");
        assert_eq!(error.to_string(), "the caller began no file with weights");
    }
}

#[test]
fn configs() {
    for (config, code, reason) in [
        (
            "7",
            "invalid_model",
            "the file is not a config.json: invalid type: integer `7`, expected struct Config at line 1 column 1",
        ),
        (
            r#"{"model_type": "roberta", "max_position_embeddings": 2, "pad_token_id": 1}"#,
            "unsupported_model",
            "its max_position_embeddings, 2, leaves no room for a token; write the number of the model's positions there",
        ),
        (
            r#"{"max_position_embeddings": 262145}"#,
            "unsupported_model",
            "the file allows 262145 tokens; this engine reads at most 262144",
        ),
    ] {
        let error = sequence_limits(config.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("config file: {reason}{}", advice(code)));
        assert_eq!(error.code(), code, "{error}");
    }
}

/// Loads a file of this role, with these bytes and an announced size.
fn loaded(file: ModelFile, size: Option<usize>, bytes: &[u8]) -> Result<()> {
    let mut loader = Loader::default();
    loader.begin(file, Expectation { size, ..Expectation::default() })?;
    loader.push(bytes)?;
    loader.end()
}

#[test]
fn files_of_another_kind_or_size() {
    for (bytes, found) in [
        (&b"<html>"[..], "a page of HTML or XML, such as a server's error or a sign-in"),
        (b"PK\x03\x04", "a ZIP archive, such as weights of PyTorch; the engine reads ONNX and tokenizer.json"),
        (b"{\"error\": \"no\"}", "JSON, such as a server's message; it begins with \"{\\\"error\\\": \\\"no\\\"}\""),
    ] {
        let error = loaded(ModelFile::Model, None, bytes).unwrap_err();
        assert_reason(&error, "invalid_model", &format!("the file is {found}"));
    }
    for (size, reason) in
        [(4, "the file has 3 bytes; 4 were expected"), (2, "the file has at least 3 bytes; 2 were expected")]
    {
        let error = loaded(ModelFile::Config, Some(size), b"abc").unwrap_err();
        assert_eq!(error.code(), "integrity_mismatch");
        let advice = "correct the expected value, or replace the file";
        assert_eq!(error.to_string(), format!("config file: {reason}; {advice}"));
    }
}

#[test]
fn memory_that_cannot_be_allocated() {
    let bytes = usize::MAX / 2;
    let error = loaded(ModelFile::Config, Some(bytes), b"").unwrap_err();
    assert_eq!(error.code(), "out_of_memory");
    for (error, purpose) in [
        (error, "for the config file"),
        (Error::OutOfMemory { purpose: MemoryUse::Text, bytes }, "to tokenise a text"),
        (Error::OutOfMemory { purpose: MemoryUse::Kernels, bytes }, "to measure its kernels"),
    ] {
        let expected =
            format!("the instance could not allocate {bytes} bytes {purpose}; use a smaller model or shorter texts");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn roles_without_a_file() {
    let error = ModelFile::from_name("weights").unwrap_err();
    assert_eq!(error.code(), "invalid_input");
    assert_eq!(
        error.to_string(),
        "no model file is called \"weights\"; the names are model, data, tokenizer, config and bundle"
    );
}
