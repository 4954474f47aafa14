//! The converter turns the files of a model into a smaller bundle, with fewer pieces in the vocabulary and fewer bits
//! for the weights.

mod bundled;
pub mod float;
mod memory;
mod options;
mod progress;
mod report;
pub mod rounding;
mod sample;
mod vocabulary;

use std::collections::BTreeSet;
use std::io::{Read, SeekFrom, Write};
use std::sync::Arc;

pub use float::File;
pub use options::{Bits, Options, Rounding};
pub use progress::{OnProgress, Phase};
pub use report::Report;
use rounding::{Quantization, compensation, precision};
pub use sample::{OutputError, PAIRS, read_pairs};
pub use vocabulary::PieceChoice;

use crate::bundle::{Contents, write};
use crate::error::{Error, ModelFile, Result};
use crate::foreign;
use crate::graph::{Rewrite, TokenSequence};
use crate::onnx::refusal::{invalid, unsupported};
use crate::onnx::{OnnxModel, Parser, Table, Weight};
use crate::tokenizer::{Tokenizer, Vocabulary, compact, compact_form};
use sample::Reference;

/// Bytes of a file that are read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// A model before its conversion.
pub struct Source<'a> {
    /// Name of the bundle.
    pub name: &'a str,
    pub graph: Graphs,
    /// A `tokenizer.json`, as JSON or in the compact form.
    pub tokenizer: &'a [u8],
    /// Longest pair of the model in tokens.
    pub max_tokens: usize,
}

/// The ONNX file of a model.
pub enum Graphs {
    /// A model with weights of eight bits, which stay as they are.
    Quantized(OnnxModel),
    /// A model with float weights, which the converter quantises.
    Float(Box<dyn float::File>),
}

impl Graphs {
    /// Opens an ONNX file; `beside` opens the files in its folder that hold its weights. The converter reads float weights
    /// only when it needs them, so their files must not change.
    ///
    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` for one that the engine does not run, `out_of_memory`;
    /// those of `beside`.
    pub fn open(file: impl float::File + 'static, beside: &mut float::Open<'_>) -> Result<Self> {
        let mut file: Box<dyn float::File> = Box::new(file);
        refuse_foreign(ModelFile::Model, &mut *file)?;
        let mut beside = |name: &str| -> Result<Box<dyn float::File>> {
            let mut file = beside(name)?;
            refuse_foreign(ModelFile::Data, &mut *file)?;
            Ok(file)
        };
        let mut file = float::join(file, &mut beside)?;
        if float::has_float_weights(&mut *file)? {
            return Ok(Self::Float(file));
        }
        let unreadable = |error: std::io::Error| invalid(format!("the file cannot be read: {error}"));
        let size = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let mut parser = Parser::new(Some(size));
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk).map_err(unreadable)? {
                0 => return Ok(Self::Quantized(parser.finish()?)),
                length => parser.push(&chunk[..length])?,
            }
        }
    }
}

/// Reads the first bytes of a file at its start, and refuses one that is something else.
fn refuse_foreign(role: ModelFile, file: &mut dyn float::File) -> Result<()> {
    let unreadable = |error: std::io::Error| invalid(format!("the file cannot be read: {error}"));
    let mut first = Vec::new();
    Read::take(&mut *file, foreign::LENGTH as u64).read_to_end(&mut first).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    foreign::refuse(role, &first)
}

/// Writes the bundle to `output`.
///
/// # Errors
/// `invalid_input` for options that the model cannot meet, those of the engine for the files, `internal` if `output`
/// fails.
pub fn convert(source: Source<'_>, options: &Options, output: &mut dyn Write) -> Result<Report> {
    convert_with(source, options, output, &mut |_, _, _| {})
}

/// As [`convert`], with reports of its progress.
///
/// # Errors
/// Those of [`convert`].
pub fn convert_with(
    source: Source<'_>,
    options: &Options,
    output: &mut dyn Write,
    progress: &mut OnProgress<'_>,
) -> Result<Report> {
    let Source { name, graph, tokenizer, max_tokens } = source;
    let pairs = match &options.sample[..] {
        [] => read_pairs(PAIRS)?,
        pairs => pairs.to_vec(),
    };
    let pooling = options.pooling()?;
    let is_embedding = pooling.is_some();
    let whole = Tokenizer::from_bytes(tokenizer)?;
    let sample_of_all = sample::sequences(&whole, &pairs, max_tokens, is_embedding)?;
    let (compact, pieces, kept, sample) = if options.pieces.is_all() {
        let pieces = Vocabulary::read(tokenizer).ok().map(|vocabulary| vocabulary.len());
        (own_or_compact(tokenizer), pieces, None, sample_of_all.clone())
    } else {
        let vocabulary = Vocabulary::read(tokenizer)?;
        let kept = options.pieces.choose(&vocabulary, &whole)?;
        let before = vocabulary.len();
        let compact = vocabulary.keep(&kept)?;
        let sample = sample::sequences(&Tokenizer::from_bytes(&compact)?, &pairs, max_tokens, is_embedding)?;
        (compact, Some(kept.len()), Some((before, kept)), sample)
    };
    drop(whole);
    let kept = kept.as_ref().map(|(before, kept)| (*before, kept));
    let (mut model, reference) = match graph {
        Graphs::Float(mut file) => {
            let rounding = if is_embedding { None } else { Some(options.rounding) };
            quantize(&mut *file, kept, rounding, &sample, progress)?
        }
        Graphs::Quantized(mut model) => {
            require_matrices(&model)?;
            let before = bundled::graph(&model, &Rewrite::ALL, pooling)?;
            let outputs = sample::outputs(&before, &sample_of_all, is_embedding, false, progress)?;
            kept.map_or(Ok(()), |(before, kept)| keep_rows(&mut model, before, kept))?;
            (model, Some(Reference { sample: sample.clone(), outputs }))
        }
    };
    let before = bundled::graph(&model, &Rewrite::ALL, pooling)?;
    let reference = match reference {
        Some(reference) => reference,
        None => {
            let outputs = sample::outputs(&before, &sample, is_embedding, false, progress)?;
            Reference { outputs, sample: sample.clone() }
        }
    };
    let census = before.census();
    let in_blocks = ["FeedForward", "SelfAttention"].iter().all(|&operator| census.contains_key(operator));
    let around = memory::around(&model, compact.len(), in_blocks);
    let room = options.max_memory.map(|most| most.saturating_sub(around));
    precision::reduce(&mut model, options, room, &before, &sample, progress)?;
    drop(before);
    let predicted_memory = model.weights.bytes() + around;
    let after = bundled::graph(&model, &Rewrite::ALL, pooling)?;
    let after = sample::outputs(&after, &reference.sample, is_embedding, true, progress)?;
    let error = OutputError::new(&reference.outputs, &after);
    let (mut matrix_weights, mut four_bit_weights) = (0, 0);
    for (_, weight) in model.weights.iter() {
        if let Weight::Matrix { packed, .. } = weight {
            matrix_weights += packed.rows() * packed.columns();
            four_bit_weights += if precision::is_four_bit(packed) { packed.rows() * packed.columns() } else { 0 };
        }
    }
    let mut counted = Counted { output, bytes: 0 };
    write(Contents { name, max_tokens, tokenizer: &compact, model: &model }, &mut counted)
        .map_err(|error| Error::Internal(format!("the bundle cannot be written: {error}")))?;
    Ok(Report { bytes: counted.bytes, pieces, four_bit_weights, matrix_weights, predicted_memory, error, is_embedding })
}

/// Quantises float weights. It also returns the sample's logits from the floats, if the graph runs on them. Without a
/// rounding, as for embedding models, each weight is rounded to the nearest integer.
fn quantize(
    file: &mut dyn float::File,
    pieces: Option<(usize, &BTreeSet<u32>)>,
    rounding: Option<Rounding>,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<(OnnxModel, Option<Reference>)> {
    let mut quantization = Quantization::new(file, pieces, rounding.unwrap_or(Rounding::Nearest))?;
    let reference = match rounding {
        Some(rounding) => compensation::run_floats(file, &mut quantization, rounding, sample, progress)?,
        None => None,
    };
    Ok((quantization.model()?, reference))
}

/// Refuses a file that the converter would only copy.
fn require_matrices(model: &OnnxModel) -> Result<()> {
    if model.weights.iter().any(|(_, weight)| matches!(weight, Weight::Matrix { .. })) {
        return Ok(());
    }
    Err(unsupported(
        "the converter finds no weights of linear layers in it, neither floats nor integers of MatMulInteger; convert \
         the fp32 file of the same model"
            .to_owned(),
    ))
}

/// Returns the compact form of a tokenizer, or its file if there is none.
fn own_or_compact(tokenizer: &[u8]) -> Vec<u8> {
    if tokenizer.starts_with(&compact::MAGIC) {
        return tokenizer.to_vec();
    }
    compact_form(tokenizer).unwrap_or_else(|_| tokenizer.to_vec())
}

/// Keeps only the rows of the kept pieces in the pieces' table.
fn keep_rows(model: &mut OnnxModel, pieces: usize, kept: &BTreeSet<u32>) -> Result<()> {
    let is_of_pieces = |weight: &Weight| matches!(weight, Weight::Table(table) if table.rows() >= pieces);
    let mut tables = model.weights.iter().filter(|(_, weight)| is_of_pieces(weight)).map(|(name, _)| name.to_owned());
    let (Some(name), None) = (tables.next(), tables.next()) else {
        return Err(unsupported(format!("exactly one of its tables must have a row for each of {pieces} pieces")));
    };
    drop(tables);
    let Some(Weight::Table(table)) = model.weights.take(&name) else { return Ok(()) };
    let bytes: Vec<u8> = kept.iter().flat_map(|&id| table.row(id as usize)).copied().collect();
    let fewer = Weight::Table(Arc::new(Table::new(table.columns(), table.unsigned(), bytes)));
    model.weights.insert(name, fewer);
    Ok(())
}

struct Counted<'a> {
    output: &'a mut dyn Write,
    bytes: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}
