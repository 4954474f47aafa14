//! The parser of the command line.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use rerank_wasm::convert::{Bits, Rounding};

pub const USAGE: &str = "\
rerank score --model MODEL [--top-n N] [--max-tokens N] [--json] QUERY FILE

Ranks the lines of FILE (- is standard input) by relevance to QUERY and prints the best first: score, logit, line
number, text.
--top-n        lines to print; without it, all of them
--max-tokens   most tokens of query and line together; a longer line is cut
--json         prints one object a line

rerank convert --model DIRECTORY OUTPUT [OPTIONS]

Writes the model to OUTPUT as one file, a bundle. Prints its size, its predicted memory and the change of its logits.
The same model and options yield the same bytes.
Pieces of the vocabulary that stay (all without these options; single characters always):
--keep-pieces N       this number in all, the more frequent ones first
--languages CODE,…    pieces in the letters of these languages, such as en,de
--corpus FILE         pieces of this text; repeat it for several texts
Bits of the encoder's weights:
--bits 8|4|mixed      mixed, the default, is 8 bits; the cheapest matrices get 4 bits until --max-memory is met
--max-memory SIZE     most memory of an isolate with the model, JavaScript included, such as 110MB
--sample FILE         lines of query, tab, document, like those you will rank. Weights of 4 bits and float weights are
                      rounded for these lines, and the error is measured on them. Without it, a built-in sample serves
--rounding compensated|nearest   compensated, the default, rounds for the sample; nearest takes less time
--pooling cls|mean|max|lasttoken   converts an embedding model that pools so; its float weights are rounded to the nearest
Output:
--shard SIZE          writes OUTPUT.0, OUTPUT.1 and so on of at most this size, such as 25MiB, and OUTPUT.json with
                      their list
--name NAME           name of the model; without it, the name of OUTPUT
--json                prints the report as an object

rerank convert --tokenizer TOKENIZER_JSON OUTPUT

Writes the compact form of a tokenizer.json with a unigram model to OUTPUT. It replaces the tokenizer.json everywhere
and loads several times faster.

rerank logits --model MODEL [--exact-activations] FILE

Prints the logit of each line of FILE: a JSON object with query and document, or with the tokens of both in input_ids.
--exact-activations   computes in floats, so that only the weights are rounded; slow

MODEL is a bundle or a DIRECTORY. A DIRECTORY holds config.json, tokenizer.json and the graph. The graph has a usual
name, such as onnx/model_quantized.onnx or model.onnx. If there are several, score and logits take int8 weights first;
convert takes float weights first, since they suit it better.
";

fn parse_bits(text: &str) -> Result<Bits, String> {
    match text {
        "4" => Ok(Bits::Four),
        "8" => Ok(Bits::Eight),
        "mixed" => Ok(Bits::Mixed),
        _ => Err(format!("{text:?} is no number of bits; use 4, 8 or mixed")),
    }
}

fn parse_rounding(text: &str) -> Result<Rounding, String> {
    match text {
        "compensated" => Ok(Rounding::Compensated),
        "nearest" => Ok(Rounding::Nearest),
        _ => Err(format!("{text:?} is no rounding; use compensated or nearest")),
    }
}

/// Parses a number of bytes, with or without a unit.
fn parse_size(text: &str) -> Result<usize, String> {
    let units =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let (number, unit) =
        units.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit))).unwrap_or((text, 1));
    let size = number.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|&size| size > 0).ok_or_else(|| format!("{text:?} is no size; use one like 25MiB or 110MB"))
}

pub enum Command {
    Score { model: PathBuf, query: String, file: OsString, top_n: Option<usize>, max_tokens: Option<usize>, json: bool },
    Logits { model: PathBuf, file: OsString, exact: bool },
    ConvertTokenizer { tokenizer: PathBuf, output: PathBuf },
    Convert(Conversion),
}

/// The arguments of a conversion to a bundle.
pub struct Conversion {
    pub model: PathBuf,
    pub output: PathBuf,
    pub name: Option<String>,
    pub pieces: Option<usize>,
    pub languages: Vec<String>,
    pub corpus: Vec<PathBuf>,
    pub bits: Bits,
    pub rounding: Rounding,
    pub pooling: Option<String>,
    pub max_memory: Option<usize>,
    pub sample: Option<PathBuf>,
    pub shard: Option<usize>,
    pub json: bool,
}

impl Command {
    /// Parses the command line. Returns `None` for a request for help.
    pub fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        use lexopt::prelude::*;
        let (mut model, mut tokenizer, mut top_n, mut max_tokens, mut json) = (None, None, None, None, false);
        let (mut name, mut pieces, mut languages, mut corpus) = (None, None, Vec::new(), Vec::new());
        let (mut bits, mut rounding, mut pooling) = (Bits::default(), Rounding::default(), None);
        let (mut max_memory, mut sample, mut shard, mut exact) = (None, None, None, false);
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
                Long("exact-activations") => exact = true,
                Long("name") => name = Some(parser.value()?.parse()?),
                Long("keep-pieces") => pieces = Some(parser.value()?.parse()?),
                Long("languages") => {
                    languages.extend(parser.value()?.parse::<String>()?.split(',').map(str::to_owned));
                }
                Long("corpus") => corpus.push(PathBuf::from(parser.value()?)),
                Long("bits") => bits = parser.value()?.parse_with(parse_bits)?,
                Long("rounding") => rounding = parser.value()?.parse_with(parse_rounding)?,
                Long("pooling") => pooling = Some(parser.value()?.parse()?),
                Long("max-memory") => max_memory = Some(parser.value()?.parse_with(parse_size)?),
                Long("sample") => sample = Some(PathBuf::from(parser.value()?)),
                Long("shard") => shard = Some(parser.value()?.parse_with(parse_size)?),
                Value(value) => values.push(value),
                _ => return Err(argument.unexpected().into()),
            }
        }
        let model = model.ok_or("the option --model is missing");
        Ok(Some(match &values[..] {
            [name, query, file] if name == "score" => {
                let query = query.to_str().ok_or("the query is not UTF-8")?.to_owned();
                Self::Score { model: model?, query, file: file.clone(), top_n, max_tokens, json }
            }
            [name, file] if name == "logits" => Self::Logits { model: model?, file: file.clone(), exact },
            [command, output] if command == "convert" && tokenizer.is_none() => Self::Convert(Conversion {
                model: model?,
                output: output.into(),
                name,
                pieces,
                languages,
                corpus,
                bits,
                rounding,
                pooling,
                max_memory,
                sample,
                shard,
                json,
            }),
            [command, output] if command == "convert" => Self::ConvertTokenizer {
                tokenizer: tokenizer.ok_or("the option --tokenizer is missing")?,
                output: output.into(),
            },
            _ => return Err(USAGE.into()),
        }))
    }
}
