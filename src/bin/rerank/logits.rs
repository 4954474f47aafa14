//! Logits of pairs, each alone: what the accuracy of builds and of conversions is compared by.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;

use rerank_wasm::engine::Reranker;
use rerank_wasm::graph::TokenSequence;

use crate::files::read_lines;

/// A pair, as tokens where it has them.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Tokens { input_ids: Vec<u32> },
    Texts { query: String, document: String },
}

/// With `exact` nothing but the weights is rounded.
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
