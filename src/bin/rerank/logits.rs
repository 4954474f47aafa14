//! Logits of pairs that are tokens already: what `make bench` compares the accuracy of the builds with.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;

use rerank_wasm::engine::Reranker;
use rerank_wasm::graph::TokenSequence;

use crate::files::read_lines;

pub fn print(reranker: &Reranker, file: &OsString) -> Result<(), Box<dyn Error>> {
    #[derive(serde::Deserialize)]
    struct Line {
        input_ids: Vec<u32>,
    }
    let mut output = std::io::stdout().lock();
    for line in read_lines(file)? {
        let Line { input_ids } = serde_json::from_str(&line)?;
        writeln!(output, "{}", reranker.logit(&pair(input_ids))?)?;
    }
    Ok(())
}

fn pair(ids: Vec<u32>) -> TokenSequence {
    TokenSequence { type_ids: vec![0; ids.len()], ids }
}
