//! The commands that take tokens instead of texts: what `make bench` asks for.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::time::Instant;

use rerank_wasm::engine::Reranker;
use rerank_wasm::graph::TokenSequence;

use crate::files::read_lines;

const PROFILE_TOKENS: usize = 128;
const WARM_PASSES: usize = 2;

pub fn logits(reranker: &Reranker, file: &OsString) -> Result<(), Box<dyn Error>> {
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

pub fn profile(reranker: &Reranker, tokens: Option<usize>) -> Result<(), Box<dyn Error>> {
    // Any ordinary tokens will do: time does not depend on which.
    let sequence =
        pair((0..tokens.unwrap_or(PROFILE_TOKENS)).map(|index| 4 + u32::try_from(index % 900).unwrap_or(0)).collect());
    for _ in 0..WARM_PASSES {
        reranker.logit(&sequence)?;
    }
    let start = Instant::now();
    let mut output = std::io::stdout().lock();
    for time in reranker.profile(&sequence, &mut || start.elapsed().as_secs_f64() * 1e3)? {
        writeln!(output, "{}", serde_json::to_string(&time)?)?;
    }
    Ok(())
}

fn pair(ids: Vec<u32>) -> TokenSequence {
    TokenSequence { type_ids: vec![0; ids.len()], ids }
}
