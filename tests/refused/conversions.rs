//! The converter says why it refuses a file or a choice.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use crate::support::protobuf::{Message, graph_of, join, model, node, tensor, value_info};
use crate::support::{TINY, parse, read};
use rerank_wasm::convert::rounding::Quantization;
use rerank_wasm::convert::{Graphs, Options, PieceChoice, Rounding, Source, convert, float};
use rerank_wasm::error::Result;
use serde_json::Value;

const FLOAT: &str = "tests/fixtures/standin-tiny/onnx/model_dequantized.onnx";

fn assert_refused<T>(result: Result<T>, code: &str, reason: &str) {
    let error = result.err().expect("it must be refused");
    let advice = if code == "invalid_model" { "; replace it with a sound copy" } else { "" };
    assert_eq!(error.to_string(), format!("{reason}{advice}"));
    assert_eq!(error.code(), code, "{error}");
}

fn tokenizer() -> Vec<u8> {
    read("tests/fixtures/standin-tiny/tokenizer.json")
}

fn nearest() -> Options {
    Options { rounding: Rounding::Nearest, ..Options::default() }
}

/// Converts this model with 8-bit weights.
fn converted(model: &[u8], tokenizer: &[u8], options: &Options, output: &mut dyn Write) -> Result<()> {
    let graph = Graphs::Quantized(parse(None, [model]).unwrap());
    convert(Source { name: "small", graph, tokenizer, max_tokens: 512 }, options, output).map(drop)
}

#[test]
fn models_that_a_bundle_cannot_hold() {
    let positions = read("tests/fixtures/families/bert-positions-5-torchscript-sdpa-web.onnx");
    assert_refused(
        converted(&positions, &tokenizer(), &nearest(), &mut io::sink()),
        "unsupported_model",
        "model file: the graph has an input position_ids, and a bundle does not say where positions begin; convert a file \
         of the model without this input",
    );
    let rows = node("Gather", &["u8[4,1]", "input_ids"], "y");
    assert_refused(
        converted(&model(graph_of(&[("input_ids", &[])], &[rows])).0, &tokenizer(), &nearest(), &mut io::sink()),
        "unsupported_model",
        "model file: the converter finds no weights of linear layers in it, neither floats nor integers of MatMulInteger; \
         convert the fp32 file of the same model",
    );
}

/// The tokenizer of the tiny model with its first pieces only.
fn with_pieces(count: usize) -> Vec<u8> {
    let mut tokenizer: Value = serde_json::from_slice(&tokenizer()).unwrap();
    tokenizer["model"]["vocab"].as_array_mut().unwrap().truncate(count);
    tokenizer["added_tokens"].as_array_mut().unwrap().retain(|token| token["id"].as_u64().unwrap() < count as u64);
    serde_json::to_vec(&tokenizer).unwrap()
}

/// Two tables of the tiny model have 500 rows or more: those of words and of positions.
#[test]
fn pieces_without_a_table() {
    let pieces = PieceChoice { languages: vec!["en".to_owned()], ..PieceChoice::default() };
    assert_refused(
        converted(&read(TINY), &with_pieces(500), &Options { pieces, ..nearest() }, &mut io::sink()),
        "unsupported_model",
        "model file: exactly one of its tables must have a row for each of 500 pieces",
    );
    let kept = BTreeSet::from([0]);
    assert_refused(
        Quantization::new(&mut Cursor::new(read(FLOAT)), Some((500, &kept)), Rounding::Nearest),
        "unsupported_model",
        "model file: exactly one of its tables must have a row for each piece",
    );
}

/// A file that fails at each read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

impl Seek for Broken {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(9)
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is full"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn disks_that_fail() {
    let reason = "model file: the file cannot be read: the disk is gone";
    assert_refused(Graphs::open(Broken, &mut |_| unreachable!()), "invalid_model", reason);
    assert_refused(float::has_float_weights(&mut Broken), "invalid_model", reason);
    assert_refused(
        converted(&read(TINY), &tokenizer(), &nearest(), &mut Broken),
        "internal",
        "the bundle cannot be written: the disk is full",
    );
}

#[test]
fn damaged_float_files() {
    let weight = || Message::new().message(5, tensor("w", 1, &[1, 1], &[0; 4]));
    let nodes = || Message::new().message(1, node("MatMul", &["x", "w"], "y"));
    for (file, code, reason) in [
        (
            model(join(&[nodes(), weight(), weight()])),
            "invalid_model",
            "the file has two initializers called \"w\"; each name must be unique",
        ),
        (Message::new().raw(&[0x08]), "invalid_model", "the file ends inside a field"),
        (Message::new().claims(7, 9), "invalid_model", "field 7 claims 9 bytes, more than the message around it holds"),
        (Message::new().varint(1, 6), "invalid_model", "the file is not an ONNX file: it holds no graph"),
        (
            model(Message::new().raw(&[0x6a, 0].repeat(262_143))),
            "unsupported_model",
            "the model has more than 262144 fields; the converter reads no more",
        ),
        (
            Message::new().bytes(2, &vec![b'a'; (1 << 24) - 4]),
            "unsupported_model",
            "a field has 16777217 bytes; the converter reads at most 16777216 besides weights",
        ),
    ] {
        let read = float::has_float_weights(&mut Cursor::new(file.0));
        assert_refused(read, code, &format!("model file: {reason}"));
    }
}

#[test]
fn weights_that_cannot_be_rounded() {
    let ends = || Message::new().message(11, value_info("x", 1, &[])).message(12, value_info("y", 1, &[]));
    let quantized = |node: Message, weight: f32| {
        let weight = tensor("w", 1, &[1, 1], &weight.to_le_bytes());
        let file = model(join(&[Message::new().message(1, node).message(5, weight), ends()]));
        Quantization::new(&mut Cursor::new(file.0), None, Rounding::Nearest)
    };
    let infinite = "model file: tensor \"w\" holds a number that is not finite";
    assert_refused(quantized(node("MatMul", &["x", "w"], "y"), f32::INFINITY), "invalid_model", infinite);
    assert_refused(quantized(node("Gather", &["w", "x"], "y"), f32::NAN), "invalid_model", infinite);
    let without_indices = quantized(node("Gather", &["w"], "y"), 1.0).unwrap();
    assert_refused(without_indices.model(), "invalid_model", "model file: a Gather has no indices");
    let reason = "no matrix of the model is called \"v\"";
    assert_refused(without_indices.matrix("v"), "internal", reason);
    assert_refused(without_indices.floats(&mut Broken, "v"), "internal", reason);
}

#[test]
fn poolings_without_a_meaning() {
    assert_refused(
        converted(
            &read(TINY),
            &tokenizer(),
            &Options { pooling: Some("sum".to_owned()), ..nearest() },
            &mut io::sink(),
        ),
        "invalid_input",
        "the pooling \"sum\" is unknown; choose cls, mean, max or lasttoken",
    );
}
