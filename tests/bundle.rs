//! A bundle scores as its source files do, and a damaged one yields an error with a code.

mod support;

use std::sync::Arc;

use rerank_wasm::bundle::{BundleReader, Contents, MAGIC, MOST_TOKENS, write};
use rerank_wasm::engine::{Expectation, Loader, Reranker};
use rerank_wasm::error::{ModelFile, Result};
use rerank_wasm::graph::TokenSequence;
use rerank_wasm::tokenizer::compact_form;
use support::{Random, load_mini, parse, read, read_json_lines};

const TINY: [&str; 2] = [support::TINY, "tests/fixtures/standin-tiny/tokenizer.json"];
const MINI: [&str; 2] = ["pkg/mini/onnx/model_quantized.onnx", "pkg/mini/tokenizer.json"];

fn bundle([model, tokenizer]: [&str; 2]) -> Vec<u8> {
    let model = parse(None, [&*read(model)]).unwrap();
    let tokenizer = compact_form(&read(tokenizer)).unwrap();
    let mut bytes = Vec::new();
    write(Contents { name: "test", max_tokens: 512, tokenizer: &tokenizer, model: &model }, &mut bytes).unwrap();
    bytes
}

fn load(bytes: &[u8], expectation: Expectation, chunk: usize) -> Result<Reranker> {
    let mut loader = Loader::default();
    loader.begin(ModelFile::Bundle, expectation)?;
    bytes.chunks(chunk).try_for_each(|chunk| loader.push(chunk))?;
    loader.end()?;
    loader.finish()
}

fn sized(bytes: &[u8]) -> Expectation {
    Expectation { size: Some(bytes.len()), ..Default::default() }
}

fn sequence(ids: &[u32]) -> TokenSequence {
    TokenSequence { ids: ids.to_vec(), type_ids: vec![0; ids.len()] }
}

#[test]
fn a_bundle_of_mini_gives_the_bits_of_its_files() {
    #[derive(serde::Deserialize)]
    struct Pair {
        input_ids: Vec<u32>,
    }
    let (files, bytes) = (load_mini(), bundle(MINI));
    let bundled = load(&bytes, sized(&bytes), 1 << 16).unwrap();
    assert_eq!(bundled.max_tokens(), files.max_tokens());
    for Pair { input_ids } in read_json_lines::<Pair>("tests/fixtures/mini_logits.jsonl") {
        let sequence = sequence(&input_ids);
        assert_eq!(bundled.logit(&sequence).unwrap().to_bits(), files.logit(&sequence).unwrap().to_bits());
    }
    let scored = |reranker: Arc<Reranker>| {
        let documents = ["giraffe", "Paris is the capital of France."].map(str::to_owned).to_vec();
        let job = reranker.start("capital of France", documents, None, Default::default()).unwrap();
        job.finish().unwrap()
    };
    assert_eq!(scored(Arc::new(bundled)), scored(files));
}

#[test]
fn chunks_of_any_size_make_the_same_bundle() {
    let bytes = bundle(TINY);
    assert_eq!(bytes, bundle(TINY));
    assert!(bytes.starts_with(&MAGIC));
    let logit = |expectation, chunk| load(&bytes, expectation, chunk).unwrap().logit(&sequence(&[0, 9, 2, 2, 8, 2]));
    let expected = logit(sized(&bytes), bytes.len()).unwrap();
    for chunk in [1, 7, 4096] {
        for expectation in [Expectation::default(), sized(&bytes)] {
            assert_eq!(logit(expectation, chunk).unwrap().to_bits(), expected.to_bits());
        }
    }
}

fn read_bundle(bytes: &[u8], size: Option<usize>, is_pinned: bool) -> Result<()> {
    let mut reader = BundleReader::new(size, is_pinned);
    reader.push(bytes)?;
    reader.finish().map(drop)
}

#[test]
fn every_damaged_byte_and_every_cut_is_noticed() {
    let bytes = bundle(TINY);
    let mut random = Random(3);
    for _ in 0..300 {
        let index = random.below(bytes.len());
        let mut damaged = bytes.clone();
        damaged[index] ^= 1 << random.below(8);
        let code = read_bundle(&damaged, Some(bytes.len()), false).unwrap_err().code();
        assert!(["integrity_mismatch", "invalid_model", "unsupported_model"].contains(&code), "{index}: {code}");
        let code = read_bundle(&bytes[..index], None, false).unwrap_err().code();
        assert_eq!(code, "invalid_model", "{index}");
    }
    let longer = [&*bytes, b"\0"].concat();
    assert_eq!(read_bundle(&longer, None, false).unwrap_err().code(), "invalid_model");
}

#[test]
fn damage_behind_a_sound_hash_does_no_harm() {
    let bytes = bundle(TINY);
    let mut random = Random(4);
    for _ in 0..60 {
        let mut damaged = bytes.clone();
        for _ in 0..=random.below(4) {
            let index = random.below(bytes.len());
            damaged[index] = random.below(256) as u8;
        }
        let Ok(reranker) = load(&damaged, Expectation { sha256: Some(sha256(&damaged)), ..sized(&damaged) }, 4096)
        else {
            continue;
        };
        let _ = reranker.logit(&sequence(&[0, 9, 2, 2, 8, 999, 2]));
    }
}

#[test]
fn another_file_is_an_integrity_mismatch_and_a_later_version_is_unsupported() {
    let bytes = bundle(TINY);
    let wrong = Expectation { sha256: Some("0".repeat(64)), ..sized(&bytes) };
    assert_eq!(load(&bytes, wrong.clone(), 4096).unwrap_err().code(), "integrity_mismatch");
    let mut garbage = bytes.clone();
    garbage[100..].fill(7);
    assert_eq!(load(&garbage, wrong, 4096).unwrap_err().code(), "integrity_mismatch");
    let mut later = bytes;
    later[8] = 2;
    assert_eq!(read_bundle(&later, None, false).unwrap_err().code(), "unsupported_model");
    assert_eq!(read_bundle(b"<html></html>", None, false).unwrap_err().code(), "invalid_model");
}

#[test]
fn a_longest_pair_that_no_model_has_is_refused() {
    let model = parse(None, [&*read(support::TINY)]).unwrap();
    let tokenizer = compact_form(&read(TINY[1])).unwrap();
    let read = |max_tokens| {
        let mut bytes = Vec::new();
        write(Contents { name: "test", max_tokens, tokenizer: &tokenizer, model: &model }, &mut bytes).unwrap();
        read_bundle(&bytes, None, false).map_err(|error| error.code())
    };
    assert_eq!([1, MOST_TOKENS].map(read), [Ok(()), Ok(())]);
    assert_eq!([0, MOST_TOKENS + 1].map(read), [Err("invalid_model"); 2]);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
