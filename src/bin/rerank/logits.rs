//! The command `logits`: it prints the logit of each pair, for comparing the accuracy of builds and conversions.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;

use rerank_wasm::engine::Reranker;
use rerank_wasm::graph::TokenSequence;

use crate::files::read_lines;

/// A pair, as tokens or as texts.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Tokens { input_ids: Vec<u32> },
    Texts { query: String, document: String },
}

/// Prints the logits. With `exact` only the weights are rounded.
pub fn print(reranker: &Reranker, file: &OsString, exact: bool) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    for line in read_lines(file)? {
        let sequence = match serde_json::from_str(&line)? {
            Line::Tokens { input_ids: ids } => TokenSequence { type_ids: vec![0; ids.len()], ids },
            Line::Texts { query, document } => reranker.sequence(&query, &document)?,
        };
        let logit = if exact { reranker.exact_logit(&sequence)? } else { reranker.logit(&sequence)? };
        writeln!(output, "{logit}")?;
    }
    Ok(())
}
