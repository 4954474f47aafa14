//! The command `convert`: it turns the files of a model into a bundle, or a tokenizer.json into its compact form.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rerank_wasm::convert::{File as ModelBytes, Graphs, Options, PieceChoice, Source, convert, read_pairs};
use rerank_wasm::engine::sequence_limits;
use rerank_wasm::error::Error as EngineError;
use rerank_wasm::hexadecimal::hexadecimal;
use rerank_wasm::tokenizer::compact_form;
use sha2::{Digest, Sha256};

use crate::arguments::Conversion;
use crate::files::{Files, find_float_graph, read, remove, write};

/// Writes the compact form of a tokenizer.json.
pub fn tokenizer(tokenizer: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let json = read(tokenizer)?;
    let compact = compact_form(&json)?;
    write(output, &compact)?;
    println!("{}: {} bytes, from {}", output.display(), compact.len(), json.len());
    Ok(())
}

/// Writes a bundle and prints the report on it.
pub fn model(conversion: &Conversion) -> Result<(), Box<dyn Error>> {
    let Conversion { model: directory, output, .. } = conversion;
    let path = find_float_graph(directory)?;
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let graph = Graphs::open(file, &mut |name| open_weights(&path.with_file_name(name)))?;
    let tokenizer = read(&directory.join("tokenizer.json"))?;
    let stem = output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = conversion.name.clone().or(stem).ok_or("OUTPUT has no file name; name a file or pass --name")?;
    let config = directory.join("config.json");
    // The file is optional, and an empty one says as little.
    let config = if config.exists() { read(&config)? } else { b"{}".to_vec() };
    let max_tokens = sequence_limits(&config)?.max_tokens;
    let source = Source { name: &name, graph, tokenizer: &tokenizer, max_tokens };
    let mut bundle = Vec::new();
    let report = convert(source, &options(conversion)?, &mut bundle)?;
    match conversion.shard {
        None => write(output, &bundle)?,
        Some(size) => write_shards(&name, output, &bundle, size)?,
    }
    if conversion.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}:\n{report}", output.display());
    }
    Ok(())
}

fn open_weights(path: &Path) -> Result<Box<dyn ModelBytes>, EngineError> {
    let file = File::open(path).map_err(|error| {
        EngineError::InvalidInput(format!(
            "the weights of the model are in the file {}, which cannot be read: {error}",
            path.display()
        ))
    })?;
    Ok(Box::new(file))
}

fn options(conversion: &Conversion) -> Result<Options, Box<dyn Error>> {
    let text = |path: &PathBuf| -> Result<String, Box<dyn Error>> {
        let text = String::from_utf8(read(path)?).map_err(|_| format!("{}: the text is not UTF-8", path.display()))?;
        // A byte order mark is not part of the text.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    };
    let mut sample = Vec::new();
    if let Some(path) = &conversion.sample {
        sample = read_pairs(&text(path)?)?;
    }
    Ok(Options {
        pieces: PieceChoice {
            count: conversion.pieces,
            languages: conversion.languages.clone(),
            corpus: conversion.corpus.iter().map(text).collect::<Result<_, _>>()?,
        },
        bits: conversion.bits,
        rounding: conversion.rounding,
        max_memory: conversion.max_memory,
        sample,
        pooling: conversion.pooling.clone(),
    })
}

/// Writes `OUTPUT.0` and so on, then their list `OUTPUT.json`, so that the list never names a missing file. Once all
/// are written, it removes the rest of an earlier conversion: first its list, then shards without a successor.
fn write_shards(name: &str, output: &Path, bundle: &[u8], size: usize) -> Result<(), Box<dyn Error>> {
    let beside = |ending: String| {
        let mut path = OsString::from(output);
        path.push(ending);
        PathBuf::from(path)
    };
    let (mut files, mut shards) = (Files::default(), Vec::new());
    for (index, shard) in bundle.chunks(size).enumerate() {
        let path = beside(format!(".{index}"));
        shards.push(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        files.add(path, shard)?;
    }
    let sha256 = hexadecimal(&Sha256::digest(bundle));
    let index = serde_json::json!({ "name": name, "size": bundle.len(), "sha256": sha256, "shards": shards });
    let list = beside(".json".to_owned());
    files.add(list.clone(), serde_json::to_string_pretty(&index)?.as_bytes())?;
    remove(&list)?;
    for index in shards.len().. {
        if !remove(&beside(format!(".{index}")))? {
            break;
        }
    }
    files.publish()
}
