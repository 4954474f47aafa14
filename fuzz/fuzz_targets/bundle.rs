//! Any bytes after a valid header, in chunks of any size, yield a model with a logit, or an error. All chunkings agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::bundle::{Bundle, BundleReader, MAGIC, VERSION};
use rerank_wasm::error::Result;
use rerank_wasm::graph::{Encoder, TokenSequence};
use sha2::{Digest, Sha256};

const HEADER_BYTES: usize = 48;

fn read(size: Option<usize>, bytes: &[u8], chunk: usize) -> Result<Bundle> {
    // The reader skips the hashes of the parts, because no mutated part would pass them.
    let mut reader = BundleReader::new(size, true);
    bytes.chunks(chunk).try_for_each(|chunk| reader.push(chunk))?;
    reader.finish()
}

/// Writes the magic number, the version and the hash of the manifest.
fn seal(bytes: &mut [u8]) {
    let Some((header, rest)) = bytes.split_at_mut_checked(HEADER_BYTES) else { return };
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let length = u32::from_le_bytes([header[12], header[13], header[14], header[15]]) as usize;
    if let Some(manifest) = rest.get(..length) {
        header[16..].copy_from_slice(&Sha256::digest(manifest));
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    let mut bytes = bytes.to_vec();
    seal(&mut bytes);
    let whole = read(Some(bytes.len()), &bytes, bytes.len().max(1));
    let parts = read(None, &bytes, usize::from(chunk) + 1);
    assert_eq!(whole.as_ref().err().map(|error| error.code()), parts.err().map(|error| error.code()));
    if let Ok(Bundle { model, .. }) = whole
        && let Ok(graph) = Encoder::from_onnx(model)
    {
        let _ = graph.logit(&TokenSequence { ids: vec![0, 5, 2], type_ids: vec![0; 3] });
    }
});
