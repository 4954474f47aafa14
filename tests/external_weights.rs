//! Models with weights in a second file. `models/families/external.py` makes them from models of one file.

mod support;

use std::io::{Cursor, Read};

use rerank_wasm::convert::{File, Graphs};
use rerank_wasm::engine::{Expectation, Loader};
use rerank_wasm::error::{Error, ModelFile, Result};
use rerank_wasm::graph::Encoder;
use rerank_wasm::onnx::{ExternalReader, OnnxModel, Parsed, Parser};
use support::{TINY, logit, parse, read};

/// The graph, the file of its weights, and the same model in one file.
const INT8: [&str; 3] = ["tests/fixtures/external/int8.onnx", "tests/fixtures/external/int8.onnx_data", TINY];
const FP32: [&str; 3] = [
    "tests/fixtures/external/fp32.onnx",
    "tests/fixtures/external/fp32.onnx_data",
    "tests/fixtures/families/bert-5-torchscript-sdpa-fp32.onnx",
];

fn graph_of(file: &[u8]) -> Result<Box<ExternalReader>> {
    let mut parser = Parser::new(Some(file.len() as u64));
    parser.push(file)?;
    match parser.finish_file()? {
        Parsed::Graph(reader) => Ok(reader),
        Parsed::Model(_) => panic!("the file holds all weights"),
    }
}

fn read_weights(reader: &mut ExternalReader, size: Option<u64>, data: &[u8], chunk: usize) -> Result<()> {
    reader.begin(size, None)?;
    data.chunks(chunk).try_for_each(|chunk| reader.push(chunk))?;
    reader.end()
}

fn joined(file: &[u8], size: Option<u64>, data: &[u8], chunk: usize) -> Result<OnnxModel> {
    let mut reader = graph_of(file)?;
    read_weights(&mut reader, size, data, chunk)?;
    reader.finish()
}

fn bits(model: OnnxModel) -> Vec<u32> {
    let graph = Encoder::from_onnx(model).unwrap();
    [&[2, 5, 7, 3][..], &[2, 9, 8, 7, 6, 5, 9, 11, 3]].map(|ids| logit(&graph, ids).to_bits()).to_vec()
}

#[test]
fn a_second_file_gives_the_same_model_in_any_chunks() {
    for [graph, data, whole] in [INT8, FP32].map(|files| files.map(read)) {
        let whole = parse(None, [&*whole]).unwrap();
        let expected = bits(whole.clone());
        for chunk in [1, 1000, data.len()] {
            for size in [None, Some(data.len() as u64)] {
                let model = joined(&graph, size, &data, chunk).unwrap();
                assert!(model.weights == whole.weights);
                assert_eq!(bits(model), expected);
            }
        }
    }
}

/// The int8 graph with every second tensor in another file, which also has its bytes at their offset.
fn in_two_files() -> Vec<u8> {
    let (mut file, name) = (read(INT8[0]), b"int8.onnx_data");
    let places: Vec<_> = (0..file.len()).filter(|&place| file[place..].starts_with(name)).collect();
    for place in places.into_iter().skip(1).step_by(2) {
        file[place..][..name.len()].copy_from_slice(b"more.onnx_data");
    }
    file
}

#[test]
fn several_files_come_one_after_the_other() {
    let [_, data, whole] = INT8.map(read);
    let mut reader = graph_of(&in_two_files()).unwrap();
    assert_eq!(reader.next_file(), Some("int8.onnx_data"));
    read_weights(&mut reader, None, &data, 1000).unwrap();
    assert_eq!(reader.next_file(), Some("more.onnx_data"));
    // A file that is too short can come again.
    let mut again = graph_of(&in_two_files()).unwrap();
    read_weights(&mut again, None, &data, 1000).unwrap();
    assert_eq!(read_weights(&mut again, None, &data[..100_000], 1000).unwrap_err().code(), "invalid_model");
    again.rewind();
    assert_eq!(again.next_file(), Some("more.onnx_data"));
    let whole = parse(None, [&*whole]).unwrap();
    for mut reader in [reader, again] {
        read_weights(&mut reader, Some(data.len() as u64), &data, data.len()).unwrap();
        assert_eq!(reader.next_file(), None);
        let model = reader.finish().unwrap();
        assert!(model.weights == whole.weights);
        assert_eq!(bits(model), bits(whole.clone()));
    }
}

/// The int8 graph with `from`, which occurs once or more often, replaced by a text of the same length.
fn with(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut file = read(INT8[0]);
    let places: Vec<_> = (0..file.len()).filter(|&place| file[place..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from}");
    for place in places {
        file[place..][..to.len()].copy_from_slice(to.as_bytes());
    }
    file
}

#[test]
fn a_damaged_place_is_refused_by_the_name_of_its_tensor() {
    for (from, to, code, reason) in [
        ("int8.onnx_data", "../8.onnx_data", "unsupported_model", "reads only files beside the graph"),
        ("int8.onnx_data", "a\\t8.onnx_data", "unsupported_model", "reads only files beside the graph"),
        ("int8.onnx_data", "C:t8.onnx_data", "unsupported_model", "reads only files beside the graph"),
        ("location", "locution", "invalid_model", "another file, which it does not name"),
        ("96896", "96000", "invalid_model", "overlap in the file \"int8.onnx_data\""),
        ("96896", "9689x", "invalid_model", "the offset of its data in another file is \"9689x\""),
        ("32896", "32895", "invalid_model", "require 32896 bytes; it has 32895 in the file"),
    ] {
        let error = graph_of(&with(from, to)).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.to_string().contains("tensor"), "{error}");
    }
}

#[test]
fn a_short_file_is_refused_before_it_arrives_where_its_size_is_known() {
    let [graph, data, _] = INT8.map(read);
    let short = &data[..data.len() - 1];
    let mut reader = graph_of(&graph).unwrap();
    let known = reader.begin(Some(short.len() as u64), None).unwrap_err();
    let unknown = joined(&graph, None, short, 5000).unwrap_err();
    for error in [known, unknown] {
        assert_eq!(error.code(), "invalid_model");
        assert!(error.to_string().contains("of \"int8.onnx_data\"; the file has 166527 bytes"), "{error}");
    }
    assert_eq!(joined(&graph, None, &[], 1).unwrap_err().code(), "invalid_model");
}

#[test]
fn a_missing_file_is_named() {
    let reader = graph_of(&read(INT8[0])).unwrap();
    assert_eq!(reader.next_file(), Some("int8.onnx_data"));
    for error in [reader.finish().unwrap_err(), parse(None, [&*read(INT8[0])]).unwrap_err()] {
        assert_eq!(error.code(), "unsupported_model");
        assert!(
            error.to_string().contains("are in the file \"int8.onnx_data\", which did not come with it"),
            "{error}"
        );
    }
}

/// A loader with all files but the weights.
fn loader() -> Loader {
    let mut loader = Loader::default();
    for (file, path) in [
        (ModelFile::Config, "tests/fixtures/standin-tiny/config.json"),
        (ModelFile::Tokenizer, "tests/fixtures/standin-tiny/tokenizer.json"),
        (ModelFile::Model, INT8[0]),
    ] {
        load(&mut loader, file, Expectation::default(), &read(path)).unwrap();
    }
    loader
}

fn load(loader: &mut Loader, file: ModelFile, expectation: Expectation, bytes: &[u8]) -> Result<()> {
    loader.begin(file, expectation)?;
    bytes.chunks(10_000).try_for_each(|chunk| loader.push(chunk))?;
    loader.end()
}

#[test]
fn the_loader_takes_the_file_again_after_a_damaged_one() {
    let data = read(INT8[1]);
    let mut damaged = data.clone();
    damaged[70_000] ^= 1;
    let sha256 = "0".repeat(64);
    let mut loader = loader();
    let pinned = Expectation { sha256: Some(sha256), ..Default::default() };
    assert_eq!(load(&mut loader, ModelFile::Data, pinned, &damaged).unwrap_err().code(), "integrity_mismatch");
    let cut = load(&mut loader, ModelFile::Data, Expectation::default(), &data[..100_000]).unwrap_err();
    assert_eq!(cut.code(), "invalid_model");
    let size = Expectation { size: Some(data.len() - 1), ..Default::default() };
    assert_eq!(loader.begin(ModelFile::Data, size).unwrap_err().code(), "invalid_model");
    assert_eq!(loader.next_data_file(), Some("int8.onnx_data"));
    load(&mut loader, ModelFile::Data, Expectation::default(), &data).unwrap();
    assert_eq!(loader.next_data_file(), None);

    let reranker = loader.finish().unwrap();
    let [tokenizer, config] =
        ["tests/fixtures/standin-tiny/tokenizer.json", "tests/fixtures/standin-tiny/config.json"].map(read);
    let expected = support::load(&read(TINY), &tokenizer, &config, 1 << 20).unwrap();
    let sequence = expected.sequence("a query", "a document").unwrap();
    assert_eq!(reranker.logit(&sequence).unwrap(), expected.logit(&sequence).unwrap());
}

#[test]
fn the_loader_refuses_weights_that_are_missing_or_unasked_for() {
    let error = loader().finish().unwrap_err();
    assert!(error.to_string().contains("\"int8.onnx_data\", which did not come with it"), "{error}");
    let unasked = Loader::default().begin(ModelFile::Data, Expectation::default()).unwrap_err();
    assert_eq!(unasked.code(), "invalid_input");
}

fn beside(file: &str, data: Vec<u8>) -> impl FnMut(&str) -> Result<Box<dyn File>> {
    let expected = format!("{file}.onnx_data");
    move |name| {
        assert_eq!(name, expected);
        let file: Box<dyn File> = Box::new(Cursor::new(data.clone()));
        Ok(file)
    }
}

#[test]
fn the_converter_reads_both_files() {
    let [graph, data, whole] = INT8.map(read);
    let Graphs::Quantized(model) = Graphs::open(Cursor::new(graph.clone()), &mut beside("int8", data.clone())).unwrap()
    else {
        panic!("the weights are integers")
    };
    let whole = parse(None, [&*whole]).unwrap();
    assert!(model.weights == whole.weights);
    assert_eq!(bits(model), bits(whole));

    let [float_graph, float_data, float_whole] = FP32.map(read);
    let Graphs::Float(mut file) = Graphs::open(Cursor::new(float_graph), &mut beside("fp32", float_data)).unwrap()
    else {
        panic!("the weights are floats")
    };
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bits(parse(None, [&*bytes]).unwrap()), bits(parse(None, [&*float_whole]).unwrap()));

    let short = data[..data.len() - 1].to_vec();
    let refused = |beside: &mut dyn FnMut(&str) -> Result<Box<dyn File>>| {
        Graphs::open(Cursor::new(graph.clone()), beside).err().expect("it must be refused")
    };
    assert_eq!(refused(&mut beside("int8", short)).code(), "invalid_model");
    let missing = refused(&mut |name| Err(Error::InvalidInput(name.to_owned())));
    assert_eq!(missing.to_string(), "int8.onnx_data");
}
