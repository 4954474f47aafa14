//! Any bytes behind a sound header, in chunks of any size: a model that gives a logit, or an error, the same for every
//! chunking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::bundle::{Bundle, BundleReader, MAGIC, VERSION};
use rerank_wasm::error::Result;
use rerank_wasm::graph::{Graph, TokenSequence};
use sha2::{Digest, Sha256};

fn read(size: Option<usize>, bytes: &[u8], chunk: usize) -> Result<Bundle> {
    // The parts are not checked: damage would never get behind their hashes.
    let mut reader = BundleReader::new(size, true);
    bytes.chunks(chunk).try_for_each(|chunk| reader.push(chunk))?;
    reader.finish()
}

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (chunk, manifest, parts) = input;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((manifest.len() as u32).to_le_bytes());
    bytes.extend(Sha256::digest(manifest));
    bytes.extend_from_slice(manifest.as_bytes());
    bytes.extend_from_slice(parts);
    let whole = read(Some(bytes.len()), &bytes, bytes.len());
    let in_parts = read(None, &bytes, usize::from(chunk) + 1);
    assert_eq!(whole.as_ref().err().map(|error| error.code()), in_parts.err().map(|error| error.code()));
    if let Ok(Bundle { model, .. }) = whole
        && let Ok(graph) = Graph::from_onnx(model)
    {
        let _ = graph.logit(&TokenSequence { ids: vec![0, 5, 2], type_ids: vec![0; 3] });
    }
});
