//! A damaged or foreign file yields an error with a code, never a panic.

mod support;

use rerank_wasm::error::Result;
use rerank_wasm::graph::TokenSequence;
use support::{Random, graph, load, read};

const MODEL: &str = "tests/fixtures/standin-tiny/onnx/model_quantized.onnx";

fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it must be refused").code()
}

#[test]
fn a_cut_model_is_refused_wherever_it_is_cut() {
    let model = read(MODEL);
    for cut in (0..100).map(|step| step * model.len() / 100).chain([model.len() - 1]) {
        assert_eq!(code(graph(&model[..cut])), "invalid_model", "{cut} of {} bytes", model.len());
    }
}

#[test]
fn other_files_are_refused() {
    for bytes in [
        &b""[..],
        b"<!doctype html><html></html>",
        b"{\"error\": \"no\"}",
        b"version https://git-lfs.github.com/spec/v1\n",
        &[0xff; 64],
    ] {
        assert_eq!(code(graph(bytes)), "invalid_model");
    }
}

#[test]
fn a_damaged_tokenizer_or_config_is_refused() {
    let [model, tokenizer, config] =
        [MODEL, "tests/fixtures/standin-tiny/tokenizer.json", "tests/fixtures/standin-tiny/config.json"].map(read);
    let html = b"<html></html>";
    assert_eq!(code(load(&model, html, &config, 1000)), "invalid_model");
    assert_eq!(code(load(&model, &tokenizer[..tokenizer.len() - 9], &config, 1000)), "invalid_model");
    assert_eq!(code(load(&model, b"{}", &config, 1000)), "invalid_model");
    assert_eq!(code(load(&model, &tokenizer, html, 1000)), "invalid_model");
}

/// A file with bytes changed at random may load. It must then yield a number or an error.
#[test]
fn a_model_with_random_damage_never_panics() {
    let model = read(MODEL);
    let mut random = Random(1);
    let sequence = TokenSequence { ids: vec![0, 5, 2, 2, 7, 2], type_ids: vec![0; 6] };
    let (mut refused, mut ran) = (0, 0);
    for _ in 0..200 {
        let mut damaged = model.clone();
        for _ in 0..=random.below(3) {
            let position = random.below(damaged.len());
            damaged[position] ^= 1 << random.below(8);
        }
        match graph(&damaged).and_then(|graph| graph.logit(&sequence)) {
            Ok(_) => ran += 1,
            Err(_) => refused += 1,
        }
    }
    println!("{refused} refused, {ran} ran");
    assert!(refused > 0 && ran > 0);
}
