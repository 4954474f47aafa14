//! The parser turns any bytes in chunks of any size into a model or an error. All chunkings agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::error::Result;
use rerank_wasm::onnx::{OnnxModel, Parser};

fn parse(size: Option<u64>, bytes: &[u8], chunk: usize) -> Result<OnnxModel> {
    let mut parser = Parser::new(size);
    bytes.chunks(chunk).try_for_each(|chunk| parser.push(chunk))?;
    parser.finish()
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    let whole = parse(Some(bytes.len() as u64), bytes, bytes.len().max(1));
    let parts = parse(None, bytes, usize::from(chunk) + 1);
    assert_eq!(whole.map_err(|error| error.code()), parts.map_err(|error| error.code()));
});
