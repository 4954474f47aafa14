//! A damaged bundle is refused with the reason.

use crate::support::small_model::usual;
use rerank_wasm::bundle::{BundleReader, MAGIC, MOST_TOKENS, VERSION};
use rerank_wasm::error::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn assert_refused<T>(result: Result<T>, code: &str, reason: &str) {
    let error = result.err().expect("it must be refused");
    let advice = match code {
        "invalid_model" => "; replace it with a sound copy",
        "integrity_mismatch" => "; correct the expected value, or replace the file",
        _ => "",
    };
    assert_eq!(error.to_string(), format!("bundle file: {reason}{advice}"));
    assert_eq!(error.code(), code, "{error}");
}

/// Reads a bundle of unknown size. A pinned one is not checked against the hashes in its manifest.
fn read(bytes: &[u8], is_pinned: bool) -> Result<()> {
    let mut reader = BundleReader::new(None, is_pinned);
    reader.push(bytes)?;
    reader.finish().map(drop)
}

/// A bundle with this text in place of its manifest, and this content.
fn with_manifest(manifest: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((manifest.len() as u32).to_le_bytes());
    bytes.extend(Sha256::digest(manifest));
    bytes.extend(manifest.as_bytes());
    bytes.extend(content);
    bytes
}

const TOKENIZER: &[u8] = br#"{"version": "1.0", "model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0}}}"#;

/// A part of the manifest. It names no hash.
fn part(kind: &str, bytes: usize) -> Value {
    json!({ "part": kind, "bytes": bytes, "sha256": "none" })
}

fn weight(kind: &str, [rows, columns]: [usize; 2], bytes: usize) -> Value {
    json!({
        "part": kind, "name": "words", "rows": rows, "columns": columns, "bits": 8, "bytes": bytes, "sha256": "none"
    })
}

/// A bundle of a tokenizer, a graph and these weights, with the bytes of all weights.
fn bundle(max_tokens: usize, weights: &[Value], bytes: &[u8]) -> Vec<u8> {
    let graph = usual().0;
    let parts = [vec![part("tokenizer", TOKENIZER.len()), part("graph", graph.len())], weights.to_vec()].concat();
    let manifest = json!({ "name": "small", "max_tokens": max_tokens, "parts": parts }).to_string();
    with_manifest(&manifest, &[TOKENIZER, &graph, bytes].concat())
}

#[test]
fn headers() {
    let sound = bundle(512, &[], &[]);
    read(&sound, true).unwrap();
    let changed = |place: usize, bytes: &[u8]| {
        let mut changed = sound.clone();
        changed[place..][..bytes.len()].copy_from_slice(bytes);
        changed
    };
    assert_refused(
        read(&changed(1, b"x"), true),
        "invalid_model",
        "the file is not a bundle: its first bytes differ from those of every bundle",
    );
    assert_refused(
        read(&changed(8, &[2]), true),
        "unsupported_model",
        "the file has version 2; this engine reads version 1, so convert the model again",
    );
    for (length, shown) in [(0u32, "0"), ((1 << 20) + 1, "1048577")] {
        let reason = format!("its manifest has {shown} bytes; 1 to 1048576 are possible");
        assert_refused(read(&changed(12, &length.to_le_bytes()), true), "invalid_model", &reason);
    }
    assert_refused(
        read(&changed(16, &[!sound[16]]), true),
        "invalid_model",
        "its manifest does not match the SHA-256 in its header",
    );
    assert_refused(read(&[&sound[..], &[0]].concat(), true), "invalid_model", "the file continues after its last part");
    for end in [0, 20, 60, sound.len() - 1] {
        let reason = "the file ends before its last part is complete";
        assert_refused(read(&sound[..end], true), "invalid_model", reason);
    }
}

#[test]
fn manifests() {
    assert_refused(
        read(&with_manifest("[7]", &[]), true),
        "invalid_model",
        "its manifest cannot be read: invalid type: integer `7`, expected a string at line 1 column 2",
    );
    for tokens in [0, MOST_TOKENS + 1] {
        let reason = format!("its longest pair has {tokens} tokens; 1 to 262144 are possible");
        assert_refused(read(&bundle(tokens, &[], &[]), true), "invalid_model", &reason);
    }
    let manifest = json!({ "name": "small", "max_tokens": 512, "parts": [part("graph", 1), part("tokenizer", 1)] });
    assert_refused(
        read(&with_manifest(&manifest.to_string(), &[]), true),
        "invalid_model",
        "its parts must begin with the tokenizer and the graph",
    );
    for (part, reason) in [
        (part("graph", 1), "the file holds the graph twice; it must come once"),
        (part("tokenizer", 1), "the file holds the tokenizer twice; it must come once"),
        (weight("table", [2, 3], 5), "table \"words\" has 5 bytes; its shape requires another size"),
        (weight("table", [0, 3], 0), "table \"words\" has 0 bytes; its shape requires another size"),
        (weight("matrix", [2, 3], 6), "matrix \"words\" has 6 bytes; its shape requires another size"),
    ] {
        assert_refused(read(&bundle(512, &[part], &[]), true), "invalid_model", reason);
    }
}

#[test]
fn weights() {
    let table = || weight("table", [2, 3], 6);
    assert_refused(
        read(&bundle(512, &[table(), table()], &[7; 12]), true),
        "invalid_model",
        "the file holds two weights called \"words\"; each name must be unique",
    );
    let found = Sha256::digest(TOKENIZER).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_refused(
        read(&bundle(512, &[], &[]), false),
        "integrity_mismatch",
        &format!("the tokenizer has the SHA-256 {found}; none was expected"),
    );
}

/// A matrix of 2 rows and 3 columns has a head of 51 bytes. The sums of 12 columns and three signs follow, then 48 bytes of
/// weights.
#[test]
fn matrices() {
    let matrix = |bits: u8, corrections: usize, tables: usize, bytes: &[u8]| {
        let mut matrix = weight("matrix", [2, 3], bytes.len());
        (matrix["bits"], matrix["corrections"], matrix["tables"]) = (bits.into(), corrections.into(), tables.into());
        read(&bundle(512, &[matrix], bytes), true)
    };
    let usual = [0; 99];
    for bits in [7, 8] {
        matrix(bits, 0, 0, &usual).unwrap();
    }
    let changed = |place: usize, value: &[u8]| {
        let mut bytes = usual;
        bytes[place..][..value.len()].copy_from_slice(value);
        bytes
    };
    let correction = |column: u8, row: u8| [&usual[..51], &[column, 0, 0, 0, row, 0, 0, 0], &usual[51..]].concat();
    for (read, reason) in [
        (
            matrix(8, 0, 0, &changed(4, &257i32.to_le_bytes())),
            "the stored sum of a column is larger than its weights allow",
        ),
        (matrix(7, 0, 0, &changed(60, &[128])), "the code of a weight is larger than 127, the limit of 7 bits"),
        (matrix(7, 1, 0, &correction(3, 0)), "a correction is outside the matrix or out of order"),
        (matrix(7, 1, 0, &correction(0, 2)), "a correction is outside the matrix or out of order"),
        (
            matrix(8, 1, 0, &correction(0, 0)),
            "the numbers of tables and corrections do not match the matrix's encoding",
        ),
    ] {
        assert_refused(read, "invalid_model", &format!("matrix \"words\": {reason}"));
    }
}
