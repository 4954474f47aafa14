//! Native command line: ranks the lines of a file, for quick checks without a browser, and converts model files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rerank_wasm::engine::{Expectation, Loader, RankedDocument, Reranker};
use rerank_wasm::error::{Error, ModelFile};
use rerank_wasm::tokenizer::compact;

const USAGE: &str = "\
rerank score --model DIRECTORY [--top-n N] [--max-tokens N] [--json] QUERY FILE
rerank convert --tokenizer TOKENIZER_JSON OUTPUT

score:
Ranks the lines of FILE (- is standard input) against QUERY, best first: score, logit, line number, text.
DIRECTORY holds tokenizer.json, config.json and onnx/model_quantized.onnx (or model_quantized.onnx, onnx/model.onnx,
model.onnx). --json prints one object a line.

convert:
Writes the compact form of a tokenizer.json with a unigram model to OUTPUT. It takes the place of the tokenizer.json
wherever one is read, and is ready several times sooner.
";

/// Where a model directory may keep its graph, first match first; `pkg/src/source.ts` has the same list.
const GRAPH_PATHS: [&str; 4] = ["onnx/model_quantized.onnx", "model_quantized.onnx", "onnx/model.onnx", "model.onnx"];

const CHUNK_BYTES: usize = 1 << 20;

enum Command {
    Score { model: PathBuf, query: String, file: OsString, top_n: Option<usize>, max_tokens: Option<usize>, json: bool },
    ConvertTokenizer { input: PathBuf, output: PathBuf },
}

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
    match parse_arguments()? {
        None => print!("{USAGE}"),
        Some(Command::Score { model, query, file, top_n, max_tokens, json }) => {
            let documents = read_lines(&file)?;
            let reranker = Arc::new(load(&model)?);
            let job = reranker.start(&query, documents.clone(), max_tokens)?;
            print(&job.finish(top_n)?, &documents, json)?;
        }
        Some(Command::ConvertTokenizer { input, output }) => {
            let json = fs::read(&input).map_err(|error| format!("{}: {error}", input.display()))?;
            let compact = compact::convert(&json)?;
            fs::write(&output, &compact).map_err(|error| format!("{}: {error}", output.display()))?;
            println!("{}: {} bytes, from {}", output.display(), compact.len(), json.len());
        }
    }
    Ok(())
}

/// `None` where help was asked for.
fn parse_arguments() -> Result<Option<Command>, Box<dyn std::error::Error>> {
    use lexopt::prelude::*;
    let (mut model, mut top_n, mut max_tokens, mut json, mut tokenizer) = (None, None, None, false, None);
    let mut values = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("model") => model = Some(PathBuf::from(parser.value()?)),
            Long("top-n") => top_n = Some(parser.value()?.parse()?),
            Long("max-tokens") => max_tokens = Some(parser.value()?.parse()?),
            Long("json") => json = true,
            Long("tokenizer") => tokenizer = Some(PathBuf::from(parser.value()?)),
            Value(value) => values.push(value),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let command = values.first().and_then(|command| command.to_str()).map(str::to_owned);
    match (command.as_deref(), values.len(), tokenizer, model) {
        (Some("score"), 3, None, model) => {
            let file = values.remove(2);
            let query = values.remove(1).into_string().map_err(|_| "the query is not UTF-8")?;
            let model = model.ok_or("--model is missing")?;
            Ok(Some(Command::Score { model, query, file, top_n, max_tokens, json }))
        }
        (Some("convert"), 2, Some(input), None) => {
            Ok(Some(Command::ConvertTokenizer { input, output: PathBuf::from(values.remove(1)) }))
        }
        (Some("convert"), _, None, _) => Err("--tokenizer is missing".into()),
        _ => Err(USAGE.into()),
    }
}

fn read_lines(file: &OsString) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| format!("{}: {error}", file.display()))?))
    };
    let lines = reader.lines().collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

fn load(directory: &Path) -> Result<Reranker, Box<dyn std::error::Error>> {
    let graph = GRAPH_PATHS
        .iter()
        .map(|path| directory.join(path))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{}: none of {GRAPH_PATHS:?} is there", directory.display()))?;
    let mut loader = Loader::default();
    for (file, path) in [
        (ModelFile::Config, directory.join("config.json")),
        (ModelFile::Tokenizer, directory.join("tokenizer.json")),
        (ModelFile::Model, graph),
    ] {
        let named = |error: std::io::Error| format!("{}: {error}", path.display());
        let size = usize::try_from(fs::metadata(&path).map_err(named)?.len())?;
        loader.begin(file, Expectation { size: Some(size), sha256: None })?;
        let mut reader = File::open(&path).map_err(named)?;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match reader.read(&mut chunk).map_err(named)? {
                0 => break,
                length => loader.push(&chunk[..length])?,
            }
        }
        loader.end()?;
    }
    Ok(loader.finish()?)
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
