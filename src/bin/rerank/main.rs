//! The native command line. It ranks the lines of a file, for quick checks without a browser, and makes bundles and
//! compact tokenizers.

mod arguments;
mod convert;
mod files;
mod logits;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use arguments::{Command, USAGE};
use rerank_wasm::engine::{LongDocuments, ScoredDocument};
use rerank_wasm::error::Error;
use rerank_wasm::graph::Speed;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.downcast_ref::<Error>().map_or(String::new(), |error| format!(" [{}]", error.code()));
            eprintln!("rerank: {error}{code}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let Some(command) = Command::parse()? else {
        print!("{USAGE}");
        return Ok(());
    };
    match command {
        Command::Score { model, query, file, top_n, max_tokens, json } => {
            let documents = files::read_lines(&file)?;
            let reranker = Arc::new(files::load(&model)?);
            warn_if_slow(&reranker.speed());
            let job = reranker.start(&query, documents.clone(), max_tokens, LongDocuments::Truncate)?;
            print(&best_first(job.finish()?, top_n), &documents, json)?;
        }
        Command::Logits { model, file, exact } => logits::print(&files::load(&model)?, &file, exact)?,
        Command::ConvertTokenizer { tokenizer, output } => convert::tokenizer(&tokenizer, &output)?,
        Command::Convert(conversion) => convert::model(&conversion)?,
    }
    Ok(())
}

/// Says on standard error which parts of the graph run slowly.
fn warn_if_slow(speed: &Speed) {
    if speed.is_slow {
        let operators: Vec<_> = speed.unfused.iter().map(|(name, count)| format!("{count} {name}")).collect();
        eprintln!("rerank: the graph runs slowly, since the engine has no fast form of {}", operators.join(", "));
    }
}

/// Sorts by logit, ties by index, and keeps at most `top_n`.
fn best_first(mut documents: Vec<ScoredDocument>, top_n: Option<usize>) -> Vec<ScoredDocument> {
    documents.sort_by(|left, right| right.logit.total_cmp(&left.logit).then(left.index.cmp(&right.index)));
    documents.truncate(top_n.unwrap_or(usize::MAX));
    documents
}

fn print(ranked: &[ScoredDocument], documents: &[String], json: bool) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for document in ranked {
        if json {
            writeln!(output, "{}", serde_json::to_string(document)?)?;
        } else {
            let ScoredDocument { index, logit, score, .. } = document;
            writeln!(output, "{score:.6}  {logit:>9.5}  {:>5}  {}", index + 1, documents[*index])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(logits: &[f32]) -> Vec<ScoredDocument> {
        logits
            .iter()
            .enumerate()
            .map(|(index, &logit)| ScoredDocument {
                index,
                logit,
                score: 0.5,
                tokens: 4,
                truncated: false,
                window: None,
            })
            .collect()
    }

    fn order(logits: &[f32], top_n: Option<usize>) -> Vec<usize> {
        best_first(documents(logits), top_n).iter().map(|document| document.index).collect()
    }

    #[test]
    fn best_first_and_ties_by_index() {
        assert_eq!(order(&[-1.0, 3.0, 0.5, 3.0, -1.0], None), [1, 3, 2, 0, 4]);
    }

    #[test]
    fn at_most_the_best_n() {
        assert_eq!(order(&[1.0, 2.0, 3.0], Some(2)), [2, 1]);
        assert_eq!(order(&[1.0], Some(9)), [0]);
        assert_eq!(order(&[], None), [0usize; 0]);
    }
}
