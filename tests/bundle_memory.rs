//! A bundle of unannounced size takes little more memory than its bytes. Sizes that only its manifest claims take none.

#[path = "support/allocations.rs"]
mod allocations;
mod support;

use allocations::measured;
use rerank_wasm::bundle::{Bundle, BundleReader, Contents, MAGIC, VERSION, write};
use rerank_wasm::error::Result;
use rerank_wasm::onnx::Weight;
use rerank_wasm::tokenizer::compact_form;
use sha2::{Digest, Sha256};
use support::protobuf::{Message, UINT8, join, model, node, tensor};
use support::small_model::{INPUT, ends, words};
use support::{parse, read};

/// Memory that a part may get before its bytes arrive.
const AHEAD: usize = 32 << 20;

const COLUMNS: usize = 1024;

/// A model of tables with `bytes` bytes each.
fn bundle(tables: &[usize]) -> Vec<u8> {
    let mut graph = Message::new();
    for (index, &bytes) in tables.iter().enumerate() {
        let name = format!("table {index}");
        graph = graph
            .message(1, node("Gather", &[&name, INPUT], &format!("rows {index}")))
            .message(5, tensor(&name, UINT8, &[(bytes / COLUMNS) as u64, COLUMNS as u64], &vec![7; bytes]));
    }
    let graph = graph.message(1, node("Gather", &["words", INPUT], "logit")).message(5, words());
    let model = parse(None, [&*model(join(&[graph, ends()])).0]).unwrap();
    assert_eq!(model.weights.len(), tables.len() + 1);
    let tokenizer = compact_form(&read("tests/fixtures/standin-tiny/tokenizer.json")).unwrap();
    let mut bytes = Vec::new();
    write(Contents { name: "test", max_tokens: 512, tokenizer: &tokenizer, model: &model }, &mut bytes).unwrap();
    bytes
}

fn take(bytes: &[u8]) -> Result<Bundle> {
    let mut reader = BundleReader::new(None, false);
    bytes.chunks(1 << 16).try_for_each(|chunk| reader.push(chunk))?;
    reader.finish()
}

#[test]
fn parts_get_their_room_at_once() {
    for tables in [&[25 << 20][..], &[3 << 20, 5 << 20, 9 << 20, 1 << 20]] {
        let bytes = bundle(tables);
        let (result, memory) = measured(|| take(&bytes));
        assert_eq!(result.unwrap().model.weights.get("table 0").map(Weight::bytes), Some(tables[0]));
        assert!(memory <= bytes.len() + (2 << 20), "{memory} bytes for a bundle of {}", bytes.len());
    }
}

#[test]
fn a_part_beyond_that_grows_to_its_size_and_no_further() {
    let bytes = bundle(&[90 << 20]);
    let (result, memory) = measured(|| take(&bytes));
    assert!(result.is_ok());
    // It doubles once, and the old block still exists during the copy.
    assert!(memory <= bytes.len() + 2 * AHEAD + (2 << 20), "{memory} bytes for a bundle of {}", bytes.len());
}

#[test]
fn claims_of_a_manifest_take_bounded_memory() {
    let hash = "0".repeat(64);
    for (what, parts) in [
        ("the tokenizer", format!(r#"{{"part":"tokenizer","bytes":{},"sha256":"{hash}"}}"#, usize::MAX / 4)),
        (
            "a tokenizer that is nearly too large",
            format!(r#"{{"part":"tokenizer","bytes":{AHEAD},"sha256":"{hash}"}}"#),
        ),
    ] {
        let manifest = format!(
            r#"{{"name":"x","max_tokens":512,"parts":[{parts},{{"part":"graph","bytes":9,"sha256":"{hash}"}},{{"part":"table","name":"t","rows":1000000,"columns":1000000,"bytes":1000000000000,"sha256":"{hash}"}}]}}"#
        );
        assert_refused(what, &manifest, b"{}");
    }
    // Tokenizer and graph of a sound bundle, then a table that never arrives.
    let sound = bundle(&[]);
    let length = u32::from_le_bytes(sound[12..16].try_into().unwrap()) as usize;
    let (manifest, parts) = sound[48..].split_at(length);
    let mut manifest: serde_json::Value = serde_json::from_slice(manifest).unwrap();
    let list = manifest["parts"].as_array_mut().unwrap();
    let before: u64 = list[..2].iter().map(|part| part["bytes"].as_u64().unwrap()).sum();
    list.truncate(2);
    let table = |name: &str| serde_json::json!({ "part": "table", "name": name, "rows": 1 << 20, "columns": 1 << 20, "bytes": 1u64 << 40, "sha256": hash });
    list.extend(["one", "two"].map(table));
    assert_refused("a table", &manifest.to_string(), &parts[..before as usize]);
}

fn assert_refused(what: &str, manifest: &str, parts: &[u8]) {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((manifest.len() as u32).to_le_bytes());
    bytes.extend(Sha256::digest(manifest));
    bytes.extend(manifest.as_bytes());
    bytes.extend(parts);
    let (result, memory) = measured(|| take(&bytes));
    assert_eq!(result.unwrap_err().code(), "invalid_model", "{what}");
    assert!(memory <= AHEAD + (4 << 20), "{what}: {memory} bytes");
}
