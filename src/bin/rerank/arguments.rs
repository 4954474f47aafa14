//! The command line's words to a command.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

pub const USAGE: &str = "\
rerank score --model DIRECTORY [--top-n N] [--max-tokens N] [--json] QUERY FILE

Ranks the lines of FILE (- is standard input) against QUERY, best first: score, logit, line number, text.
--json prints one object a line.

rerank logits --model DIRECTORY FILE

Prints the logit of every line of FILE, JSON objects whose input_ids are a pair as tokens.

rerank convert --tokenizer TOKENIZER_JSON OUTPUT

Writes the compact form of a tokenizer.json with a unigram model to OUTPUT. It takes the place of the tokenizer.json
wherever one is read, and is ready several times sooner.

DIRECTORY holds tokenizer.json, config.json and onnx/model_quantized.onnx (or model_quantized.onnx, onnx/model.onnx,
model.onnx).
";

pub enum Command {
    Score { model: PathBuf, query: String, file: OsString, top_n: Option<usize>, max_tokens: Option<usize>, json: bool },
    Logits { model: PathBuf, file: OsString },
    Convert { tokenizer: PathBuf, output: PathBuf },
}

impl Command {
    /// `None` where help was asked for.
    pub fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        use lexopt::prelude::*;
        let (mut model, mut tokenizer, mut top_n, mut max_tokens, mut json) = (None, None, None, None, false);
        let mut values: Vec<OsString> = Vec::new();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("model") => model = Some(PathBuf::from(parser.value()?)),
                Long("tokenizer") => tokenizer = Some(PathBuf::from(parser.value()?)),
                Long("top-n") => top_n = Some(parser.value()?.parse()?),
                Long("max-tokens") => max_tokens = Some(parser.value()?.parse()?),
                Long("json") => json = true,
                Value(value) => values.push(value),
                _ => return Err(argument.unexpected().into()),
            }
        }
        let model = model.ok_or("--model is missing");
        Ok(Some(match &values[..] {
            [name, query, file] if name == "score" => {
                let query = query.to_str().ok_or("the query is not UTF-8")?.to_owned();
                Self::Score { model: model?, query, file: file.clone(), top_n, max_tokens, json }
            }
            [name, file] if name == "logits" => Self::Logits { model: model?, file: file.clone() },
            [name, output] if name == "convert" => {
                Self::Convert { tokenizer: tokenizer.ok_or("--tokenizer is missing")?, output: output.into() }
            }
            _ => return Err(USAGE.into()),
        }))
    }
}
