//! Logits of pairs, each alone: what the accuracy of builds and of conversions is compared by.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use rerank_wasm::engine::{LongDocuments, Reranker};
use rerank_wasm::graph::TokenSequence;

use crate::files::read_lines;

/// A pair, as tokens where it has them.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Tokens { input_ids: Vec<u32> },
    Texts { query: String, document: String },
}

pub fn print(reranker: &Arc<Reranker>, file: &OsString) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    for line in read_lines(file)? {
        writeln!(output, "{}", logit(reranker, serde_json::from_str(&line)?)?)?;
    }
    Ok(())
}

fn logit(reranker: &Arc<Reranker>, line: Line) -> Result<f32, Box<dyn Error>> {
    match line {
        Line::Tokens { input_ids: ids } => Ok(reranker.logit(&TokenSequence { type_ids: vec![0; ids.len()], ids })?),
        Line::Texts { query, document } => {
            let job = reranker.start(&query, vec![document], None, LongDocuments::Truncate)?;
            Ok(job.finish(None)?.first().ok_or("a document without a result")?.logit)
        }
    }
}
