//! Native command line: ranks the lines of a file, for quick checks without a browser, and makes
//! bundles and compact tokenizers.

mod arguments;
mod convert;
mod files;
mod logits;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use arguments::{Command, USAGE};
use rerank_wasm::engine::{LongDocuments, RankedDocument};
use rerank_wasm::error::Error;

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
            let job = reranker.start(&query, documents.clone(), max_tokens, LongDocuments::Truncate)?;
            print(&job.finish(top_n)?, &documents, json)?;
        }
        Command::Logits { model, file, exact } => logits::print(&files::load(&model)?, &file, exact)?,
        Command::ConvertTokenizer { tokenizer, output } => convert::tokenizer(&tokenizer, &output)?,
        Command::Convert(conversion) => convert::model(&conversion)?,
    }
    Ok(())
}

fn print(ranked: &[RankedDocument], documents: &[String], json: bool) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for document in ranked {
        if json {
            writeln!(output, "{}", serde_json::to_string(document)?)?;
        } else {
            let RankedDocument { index, logit, score, .. } = document;
            writeln!(output, "{score:.6}  {logit:>9.5}  {:>5}  {}", index + 1, documents[*index])?;
        }
    }
    Ok(())
}
