//! The parser turns any bytes in chunks of any size into a model or an error. All chunkings agree. Files with further
//! weights repeat the bytes of the graph.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::error::Result;
use rerank_wasm::onnx::{OnnxModel, Parsed, Parser};

/// Enough for the first inputs.
const DATA_BYTES: usize = 1 << 18;

fn parse(size: Option<u64>, bytes: &[u8], chunk: usize) -> Result<OnnxModel> {
    let mut parser = Parser::new(size);
    bytes.chunks(chunk).try_for_each(|chunk| parser.push(chunk))?;
    let mut reader = match parser.finish_file()? {
        Parsed::Model(model) => return Ok(model),
        Parsed::Graph(reader) => reader,
    };
    let data: Vec<u8> = bytes.iter().copied().cycle().take(DATA_BYTES).collect();
    while reader.next_file().is_some() {
        reader.begin(size.map(|_| data.len() as u64), None)?;
        data.chunks(chunk).try_for_each(|chunk| reader.push(chunk))?;
        reader.end()?;
    }
    reader.finish()
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    let whole = parse(Some(bytes.len() as u64), bytes, bytes.len().max(1));
    let parts = parse(None, bytes, usize::from(chunk) + 1);
    assert_eq!(whole.map_err(|error| error.code()), parts.map_err(|error| error.code()));
});
