//! The converter opens any file, with weights in it or beside it, and makes a bundle of it or returns an error. The
//! weights beside the graph are the same bytes.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use rerank_wasm::convert::{Bits, File, Graphs, Options, Rounding, Source, convert};

const TOKENIZER: &[u8] = include_bytes!("../../tests/fixtures/tokenizers/wordpiece.json");
const MAX_TOKENS: usize = 16;

fuzz_target!(|input: (bool, &[u8])| {
    let (four_bits, bytes) = input;
    let mut beside =
        |_: &str| -> rerank_wasm::error::Result<Box<dyn File>> { Ok(Box::new(Cursor::new(bytes.to_vec()))) };
    let Ok(graph) = Graphs::open(Cursor::new(bytes.to_vec()), &mut beside) else { return };
    let options = Options {
        bits: if four_bits { Bits::Four } else { Bits::Eight },
        rounding: Rounding::Nearest,
        sample: vec![("heat".to_owned(), "pump".to_owned())],
        ..Options::default()
    };
    let source = Source { name: "fuzzed", graph, tokenizer: TOKENIZER, max_tokens: MAX_TOKENS };
    let _ = convert(source, &options, &mut Vec::new());
});
