//! What the commands read and write.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rerank_wasm::engine::{Expectation, Loader, Reranker};
use rerank_wasm::error::ModelFile;
use rerank_wasm::tokenizer::compact;

/// Where a model directory may keep its graph, first match first; `pkg/src/source.ts` has the same list.
pub const GRAPH_PATHS: [&str; 4] =
    ["onnx/model_quantized.onnx", "model_quantized.onnx", "onnx/model.onnx", "model.onnx"];

const CHUNK_BYTES: usize = 1 << 20;

/// The lines of a file (`-` is standard input) that are not blank.
pub fn read_lines(file: &OsString) -> Result<Vec<String>, Box<dyn Error>> {
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| format!("{}: {error}", file.display()))?))
    };
    let lines = reader.lines().collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

pub fn load(directory: &Path) -> Result<Reranker, Box<dyn Error>> {
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
        loader.begin(file, Expectation { size: Some(size), ..Default::default() })?;
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

/// Writes the compact form of a tokenizer.json.
pub fn convert(tokenizer: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let json = fs::read(tokenizer).map_err(|error| format!("{}: {error}", tokenizer.display()))?;
    let compact = compact::convert(&json)?;
    fs::write(output, &compact).map_err(|error| format!("{}: {error}", output.display()))?;
    println!("{}: {} bytes, from {}", output.display(), compact.len(), json.len());
    Ok(())
}
