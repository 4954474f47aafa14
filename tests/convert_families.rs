//! The converter takes the graphs of each family: integers stay as they are, and floats become integers.

mod support;

use std::io::Cursor;

use rerank_wasm::convert::{Graphs, Options, Report, Rounding, Source, convert, convert_with};
use rerank_wasm::error::Result;
use support::family::{Family, Row, families};
use support::protobuf::{Message, join, model, node};
use support::{load_bundle, read, small_model};

/// A bundle does not say where its positions begin.
const WITH_POSITIONS: &str = "bert-positions-5-torchscript-sdpa-web";

fn tokenizer() -> Vec<u8> {
    read("tests/fixtures/tokenizers/wordpiece.json")
}

fn source(graph: Graphs, tokenizer: &[u8]) -> Source<'_> {
    Source { name: "tiny", graph, tokenizer, max_tokens: 64 }
}

fn options(rounding: Rounding) -> Options {
    let pair = |(query, document): (&str, &str)| (query.to_owned(), document.to_owned());
    let sample = [("heat pump", "the heat pump warms a house in winter"), ("rank", "a search engine ranks texts")];
    Options { rounding, sample: sample.map(pair).to_vec(), ..Default::default() }
}

fn converted(graph: Graphs, rounding: Rounding) -> Result<(Vec<u8>, Report)> {
    let mut bundle = Vec::new();
    let report = convert(source(graph, &tokenizer()), &options(rounding), &mut bundle)?;
    Ok((bundle, report))
}

fn open(file: Vec<u8>) -> Graphs {
    Graphs::open(Cursor::new(file), &mut |name| panic!("no fixture has weights beside it, as {name}")).unwrap()
}

#[test]
fn integers_keep_the_bits_of_their_logits() {
    let mut count = 0;
    for Family { name, file, rows } in families() {
        let graph = open(file.clone());
        if matches!(graph, Graphs::Float(_)) || name == WITH_POSITIONS {
            continue;
        }
        let (bundle, report) = converted(graph, Rounding::Compensated).unwrap();
        assert_eq!((report.error.largest, report.four_bit_weights), (0.0, 0), "{name}");
        assert!(report.matrix_weights > 0, "{name}");
        let (before, after) = (support::graph(&file).unwrap(), load_bundle(&bundle));
        for sequence in rows.iter().map(Row::sequence) {
            let logits = [before.logit(&sequence), after.logit(&sequence)].map(|logit| logit.unwrap().to_bits());
            assert_eq!(logits[0], logits[1], "{name}");
        }
        count += 1;
    }
    assert_eq!(count, 89);
}

#[test]
fn floats_of_each_width_become_integers() {
    let mut names = Vec::new();
    for Family { name, file, rows } in families() {
        if matches!(open(file.clone()), Graphs::Quantized(_)) {
            continue;
        }
        for rounding in [Rounding::Nearest, Rounding::Compensated] {
            let graph = open(file.clone());
            let (bundle, report) = converted(graph, rounding).unwrap();
            assert!(report.matrix_weights >= 4_096, "{name}: {}", report.matrix_weights);
            let (before, after) = (support::graph(&file).unwrap(), load_bundle(&bundle));
            let distances: Vec<f32> = rows
                .iter()
                .map(Row::sequence)
                .map(|sequence| (before.logit(&sequence).unwrap() - after.logit(&sequence).unwrap()).abs())
                .collect();
            println!("{name} {rounding:?}: {distances:.4?}, {} of {} bytes", bundle.len(), file.len());
            // The logits spread over about 1.
            assert!(distances.iter().all(|&distance| distance < 0.2), "{name}: {distances:?}");
        }
        names.push(name);
    }
    let (floats, mixed): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| name.ends_with("-fp16") || name.ends_with("-fp32"));
    assert_eq!(floats.len(), 24, "{floats:?}");
    // Without onnxslim, onnxruntime quantises only the first use of weights that several products share.
    assert_eq!(
        mixed,
        [
            "albert-5-torchscript-eager-web",
            "albert-5-torchscript-sdpa-web",
            "deberta-v2-4-torchscript-eager-web",
            "deberta-v2-4.46-torchscript-eager-web",
            "deberta-v2-5-torchscript-eager-web",
            "deberta-v2-5-torchscript14-eager-web",
            "deberta-v2-5-torchscript20-eager-web"
        ]
    );
}

#[test]
fn a_file_without_matrices_is_refused() {
    let nodes = Message::new().message(1, node("Gather", &["words", small_model::INPUT], "logit"));
    let initializers = Message::new().message(5, small_model::words());
    let file = model(join(&[nodes, initializers, small_model::ends()]));
    let error = converted(open(file.0), Rounding::Nearest).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    assert!(error.to_string().ends_with("convert the fp32 file of the same model"), "{error}");
}

#[test]
fn a_graph_that_takes_positions_is_refused_before_the_sample_runs() {
    let integers = read(&format!("tests/fixtures/families/{WITH_POSITIONS}.onnx"));
    let mut floats = read("tests/fixtures/families/bert-5-torchscript-sdpa-fp32.onnx");
    // The suffix of a name does not count.
    let (types, positions) = (b"token_type_ids", b"position_ids:0");
    let places: Vec<usize> = (0..floats.len()).filter(|&place| floats[place..].starts_with(types)).collect();
    for place in places {
        floats[place..][..types.len()].copy_from_slice(positions);
    }
    let (tokenizer, options) = (tokenizer(), options(Rounding::Compensated));
    for file in [integers, floats] {
        let mut must_not_run = |phase, _, _| panic!("{phase:?}");
        let source = source(open(file), &tokenizer);
        let error = convert_with(source, &options, &mut Vec::new(), &mut must_not_run).unwrap_err();
        assert_eq!(error.code(), "unsupported_model");
        assert!(error.to_string().contains("a bundle does not say where positions begin"), "{error}");
    }
}
