//! Conversions keep a model's logits within bounds, and refuse impossible options.

mod support;

use std::io::Cursor;
use std::sync::Arc;

use rerank_wasm::convert::rounding::Quantization;
use rerank_wasm::convert::{Bits, Graphs, Options, PieceChoice, Report, Rounding, Source, convert, float};
use rerank_wasm::engine::Reranker;
use rerank_wasm::error::Result;
use rerank_wasm::graph::{Encoder, TokenSequence};
use support::standin::golden;
use support::{Random, load_bundle, mean, parse, read};

const FOLDER: &str = "tests/fixtures/standin-tiny";
const FLOAT: &str = "tests/fixtures/standin-tiny/onnx/model_dequantized.onnx";

fn converted(graph: Graphs, options: &Options) -> Result<(Vec<u8>, Report)> {
    let mut bundle = Vec::new();
    let tokenizer = read("tests/fixtures/standin-tiny/tokenizer.json");
    let source = Source { name: "tiny", graph, tokenizer: &tokenizer, max_tokens: 512 };
    let report = convert(source, options, &mut bundle)?;
    Ok((bundle, report))
}

fn from_quantized(options: &Options) -> Result<(Vec<u8>, Report)> {
    converted(Graphs::Quantized(parse(None, [&*read(support::TINY)]).unwrap()), options)
}

fn from_float(options: &Options) -> Result<(Vec<u8>, Report)> {
    converted(Graphs::Float(Box::new(Cursor::new(read(FLOAT)))), options)
}

fn logit(reranker: &Arc<Reranker>, query: &str, document: &str) -> f32 {
    let job = reranker.start(query, vec![document.to_owned()], None, Default::default()).unwrap();
    job.finish().unwrap()[0].logit
}

#[test]
fn texts_of_the_corpus_keep_their_logits_without_the_other_pieces() {
    let corpus = "a heat pump warms the house\nthe capital is here";
    let (whole, all) = from_quantized(&Options::default()).unwrap();
    for from in [from_quantized, from_float] {
        // With fewer pieces the sample has other tokens, so float weights are rounded differently.
        let nearest = Options { rounding: Rounding::Nearest, ..Default::default() };
        let (whole, _) = from(&nearest).unwrap();
        let pieces = PieceChoice { corpus: vec![corpus.to_owned()], ..Default::default() };
        let (fewer, report) = from(&Options { pieces, ..nearest }).unwrap();
        assert!(report.pieces < all.pieces && fewer.len() < whole.len());
        let (whole, fewer) = (load_bundle(&whole), load_bundle(&fewer));
        let logits =
            [&whole, &fewer].map(|reranker| logit(reranker, "the house", "a heat pump warms the house").to_bits());
        assert_eq!(logits[0], logits[1]);
        assert!(logit(&fewer, "the house", "Zürich, 漢字 🦒").is_finite());
    }
    assert_eq!((all.bytes, all.error.mean), (whole.len(), 0.0));
}

#[test]
fn the_report_counts_the_loss_of_pieces() {
    let told = |sample: (&str, &str)| {
        let sample = vec![(sample.0.to_owned(), sample.1.to_owned())];
        let pieces = PieceChoice { corpus: vec!["the house".to_owned()], ..Default::default() };
        from_quantized(&Options { pieces, sample, ..Default::default() }).unwrap().1.error.mean
    };
    assert_eq!(told(("the house", "the house")), 0.0);
    assert!(told(("the house", "a heat pump warms it")) > 0.0);
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let options = Options { bits: Bits::Four, ..Default::default() };
    assert_eq!(from_quantized(&options).unwrap(), from_quantized(&options).unwrap());
    assert_eq!(from_float(&options).unwrap(), from_float(&options).unwrap());
}

#[test]
fn rounding_for_the_inputs_is_nearer() {
    let (model, tokenizer) = (read("pkg/mini/onnx/model_quantized.onnx"), read("pkg/mini/tokenizer.json"));
    let error = |rounding| {
        let graph = Graphs::Quantized(parse(None, [&*model]).unwrap());
        let source = Source { name: "mini", graph, tokenizer: &tokenizer, max_tokens: 512 };
        let options = Options { bits: Bits::Four, rounding, ..Default::default() };
        convert(source, &options, &mut std::io::sink()).unwrap().error.mean
    };
    let (nearest, compensated) = (error(Rounding::Nearest), error(Rounding::Compensated));
    println!("mean distance {compensated:.4}, {nearest:.4} where each is rounded to the nearest");
    assert!(compensated < 0.6 * nearest, "{compensated} against {nearest}");
}

#[test]
fn four_bits_are_smaller() {
    let with = |bits, rounding| from_quantized(&Options { bits, rounding, ..Default::default() }).unwrap();
    let (eight, report) = with(Bits::Eight, Rounding::Nearest);
    assert_eq!((report.four_bit_weights, report.error.largest), (0, 0.0));
    let (four, report) = with(Bits::Four, Rounding::Compensated);
    assert!(four.len() < eight.len() - report.four_bit_weights / 4);
    assert!(report.four_bit_weights > report.matrix_weights * 9 / 10 && report.error.mean > 0.0);
    assert!(logit(&load_bundle(&four), "a", "b").is_finite());
}

#[test]
fn mixed_bits_fill_the_memory_that_there_is() {
    let (_, whole) = from_quantized(&Options::default()).unwrap();
    let (_, least) = from_quantized(&Options { bits: Bits::Four, ..Default::default() }).unwrap();
    let most = (whole.predicted_memory + least.predicted_memory) / 2;
    let (_, mixed) = from_quantized(&Options { max_memory: Some(most), ..Default::default() }).unwrap();
    assert!(mixed.predicted_memory <= most);
    assert!(mixed.four_bit_weights > 0 && mixed.four_bit_weights < mixed.matrix_weights);
    assert!(mixed.error.mean < least.error.mean);
    let too_little = Options { max_memory: Some(least.predicted_memory - 1), ..Default::default() };
    assert_eq!(from_quantized(&too_little).unwrap_err().code(), "invalid_input");
}

/// A file with the weights of the int8 graph as floats.
#[test]
fn float_weights_become_integers_that_are_as_near_as_those_they_were_made_of() {
    let golden = golden(FOLDER);
    let distance = |logit: &dyn Fn(&TokenSequence) -> Result<f32>| {
        mean(golden.iter().map(|it| (it.exact - f64::from(logit(&it.sequence).unwrap())).abs()))
    };
    let ours = [Rounding::Nearest, Rounding::Compensated].map(|rounding| {
        let (bundle, report) = from_float(&Options { rounding, ..Default::default() }).unwrap();
        assert!(report.error.mean > 0.0 && report.error.mean < report.error.spread, "{:?}", report.error);
        let bundled = load_bundle(&bundle);
        let [by_weights, by_both] = [distance(&|it| bundled.exact_logit(it)), distance(&|it| bundled.logit(it))];
        println!("{by_weights:.4} by weights, {by_both:.4} with activations");
        assert!(by_both < 1.7 * by_weights, "{by_both} and {by_weights}");
        by_weights
    });
    let quantized = Encoder::from_onnx(parse(None, [&*read(support::TINY)]).unwrap()).unwrap();
    let activations = distance(&|it| quantized.logit(it));
    println!("mean distance by weights {ours:.4?}, by activations {activations:.4}");
    assert!(ours.iter().all(|&ours| ours < 1.25 * activations), "{ours:?} against {activations}");
}

#[test]
fn the_graph_of_float_weights_is_fused_whole() {
    let model = Quantization::new(&mut Cursor::new(read(FLOAT)), None, Rounding::Nearest).unwrap().model().unwrap();
    let fused = Encoder::from_onnx(model.clone()).unwrap();
    let from_int8 = Encoder::from_onnx(parse(None, [&*read(support::TINY)]).unwrap()).unwrap();
    assert_eq!(fused.census(), from_int8.census());
    let plain = Encoder::from_onnx_with(model, &[]).unwrap();
    for it in golden(FOLDER).iter().take(8) {
        let distance = fused.logit(&it.sequence).unwrap() - plain.logit(&it.sequence).unwrap();
        assert!(distance.abs() < 0.5, "{distance}");
    }
}

/// The float file with one weight of each second feed-forward layer a hundred times larger.
fn with_outsized_weights() -> Vec<u8> {
    let file = read(FLOAT);
    let plain = Quantization::new(&mut Cursor::new(&file), None, Rounding::Nearest).unwrap();
    let mut outsized = file.clone();
    for (name, _) in plain.matrices().filter(|(_, packed)| packed.rows() == 128) {
        let values = plain.floats(&mut Cursor::new(&file), name).unwrap();
        let start: Vec<u8> = values[..16].iter().flat_map(|value| value.to_le_bytes()).collect();
        let place = file.windows(start.len()).position(|window| window == start).unwrap();
        let bytes = outsized[place..][..4].try_into().unwrap();
        outsized[place..][..4].copy_from_slice(&(100.0 * f32::from_le_bytes(bytes)).to_le_bytes());
    }
    outsized
}

#[test]
fn outsized_weights_are_shared_out_among_copies_of_their_neurons() {
    let file = with_outsized_weights();
    let shapes = |file: &[u8], rounding| {
        let quantization = Quantization::new(&mut Cursor::new(file), None, rounding).unwrap();
        let shapes: Vec<_> = quantization.matrices().map(|(_, packed)| (packed.rows(), packed.columns())).collect();
        let count = |shape| shapes.iter().filter(|it| **it == shape).count();
        // The shapes of the feed-forward layers without copies, and with copies.
        [count((64, 128)), count((128, 64)), count((64, 160)), count((160, 64))]
    };
    assert_eq!(shapes(&read(FLOAT), Rounding::Compensated), [2, 2, 0, 0]);
    assert_eq!(shapes(&file, Rounding::Nearest), [2, 2, 0, 0]);
    assert_eq!(shapes(&file, Rounding::Compensated), [0, 0, 2, 2]);

    // Both round to the nearest, with copies and without. The difference is the cost of larger steps.
    let golden = golden(FOLDER);
    let [plain, copied] = [Rounding::Nearest, Rounding::Compensated].map(|rounding| {
        let model = Quantization::new(&mut Cursor::new(&file), None, rounding).unwrap().model().unwrap();
        let graph = Encoder::from_onnx(model).unwrap();
        let logits = golden.iter().map(|it| f64::from(graph.exact_logit(&it.sequence).unwrap()));
        logits.collect::<Vec<_>>()
    });
    let center = mean(plain.iter().copied());
    let spread = mean(plain.iter().map(|logit| (logit - center).abs()));
    let distance = mean(plain.iter().zip(&copied).map(|(one, other)| (one - other).abs()));
    println!("mean distance {distance:.4}, spread {spread:.4}");
    assert!(distance > 0.0 && distance < 0.1 * spread, "{distance} of {spread}");
}

#[test]
fn a_damaged_float_file_gives_an_error_with_a_code() {
    let file = read(FLOAT);
    let mut random = Random(5);
    for round in 0..200 {
        let mut damaged = file.clone();
        for _ in 0..=random.below(3) {
            // Most of the file is numbers. Changes here hit the graph's nodes and the first fields of tensors.
            let index = random.below(60_000.min(file.len()));
            damaged[index] = random.below(256) as u8;
        }
        damaged.truncate(file.len() - random.below(2) * random.below(file.len()));
        let nearest = Options { rounding: Rounding::Nearest, ..Default::default() };
        let options = if round % 4 == 0 { Options::default() } else { nearest };
        if let Err(error) = converted(Graphs::Float(Box::new(Cursor::new(damaged))), &options) {
            assert!(["invalid_model", "unsupported_model", "out_of_memory"].contains(&error.code()), "{error}");
        }
    }
    assert_eq!(float::has_float_weights(&mut Cursor::new(b"<html>")).unwrap_err().code(), "invalid_model");
    assert!(float::has_float_weights(&mut Cursor::new(file)).unwrap());
    assert!(!float::has_float_weights(&mut Cursor::new(read(support::TINY))).unwrap());
}
