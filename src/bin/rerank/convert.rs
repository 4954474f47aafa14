//! Files of a model to a bundle, and a tokenizer.json to its compact form.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rerank_wasm::convert::{Graphs, Options, PieceChoice, Report, Source, convert, float};
use rerank_wasm::engine::max_tokens;
use rerank_wasm::hexadecimal::hexadecimal;
use rerank_wasm::onnx::Parser;
use rerank_wasm::tokenizer::compact;
use sha2::{Digest, Sha256};

use crate::arguments::Conversion;
use crate::files::{find_float_graph, read, read_chunks, remove, write};

/// Writes the compact form of a tokenizer.json.
pub fn tokenizer(tokenizer: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let json = read(tokenizer)?;
    let compact = compact::convert(&json)?;
    write(output, &compact)?;
    println!("{}: {} bytes, from {}", output.display(), compact.len(), json.len());
    Ok(())
}

/// Writes a bundle and says what became of the model.
pub fn model(conversion: &Conversion) -> Result<(), Box<dyn Error>> {
    let Conversion { model: directory, output, .. } = conversion;
    let path = find_float_graph(directory)?;
    let mut file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let graph = if float::has_float_weights(&mut file)? {
        Graphs::Float(Box::new(file))
    } else {
        let mut parser = Parser::new(None);
        read_chunks(&path, |chunk| Ok(parser.push(chunk)?))?;
        Graphs::Quantized(parser.finish()?)
    };
    let tokenizer = read(&directory.join("tokenizer.json"))?;
    let stem = output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = conversion.name.clone().or(stem).ok_or("OUTPUT has no name")?;
    let source = Source {
        name: &name,
        graph,
        tokenizer: &tokenizer,
        max_tokens: max_tokens(&read(&directory.join("config.json"))?)?,
    };
    let mut bundle = Vec::new();
    let report = convert(source, &options(conversion)?, &mut bundle)?;
    match conversion.shard {
        None => write(output, &bundle)?,
        Some(size) => write_shards(&name, output, &bundle, size)?,
    }
    if conversion.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report, output);
    }
    Ok(())
}

fn options(conversion: &Conversion) -> Result<Options, Box<dyn Error>> {
    let text = |path: &PathBuf| -> Result<String, Box<dyn Error>> {
        String::from_utf8(read(path)?).map_err(|_| format!("{}: not UTF-8", path.display()).into())
    };
    let mut sample = Vec::new();
    if let Some(path) = &conversion.sample {
        for line in text(path)?.lines().filter(|line| !line.trim().is_empty()) {
            let (query, document) = line.split_once('\t').ok_or_else(|| format!("no tab in {line:?}"))?;
            sample.push((query.to_owned(), document.to_owned()));
        }
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
    })
}

/// Writes `OUTPUT.0` and so on, and last `OUTPUT.json`, so that there is no list of files that are not there. What an
/// earlier conversion has left goes: its list first, and those of its shards that are not written over.
fn write_shards(name: &str, output: &Path, bundle: &[u8], size: usize) -> Result<(), Box<dyn Error>> {
    let beside = |ending: String| {
        let mut path = OsString::from(output);
        path.push(ending);
        PathBuf::from(path)
    };
    let list = beside(".json".to_owned());
    remove(&list)?;
    let mut shards = Vec::new();
    for (index, shard) in bundle.chunks(size).enumerate() {
        let path = beside(format!(".{index}"));
        write(&path, shard)?;
        shards.push(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    for index in shards.len().. {
        if !remove(&beside(format!(".{index}")))? {
            break;
        }
    }
    let sha256 = hexadecimal(&Sha256::digest(bundle));
    let index = serde_json::json!({ "name": name, "size": bundle.len(), "sha256": sha256, "shards": shards });
    write(&list, serde_json::to_string_pretty(&index)?.as_bytes())
}

fn print(report: &Report, output: &Path) {
    let Report { bytes, pieces, four_bit_weights, matrix_weights, predicted_memory, error } = report;
    let megabytes = |bytes: usize| format!("{:.1} MB", bytes as f64 / 1e6);
    println!("{}: {}", output.display(), megabytes(*bytes));
    if let Some(pieces) = pieces {
        println!("vocabulary: {pieces} pieces");
    }
    println!("weights of 4 bits: {:.0} % of the encoder's", 100.0 * *four_bit_weights as f64 / *matrix_weights as f64);
    println!("memory of an isolate, predicted: {}", megabytes(*predicted_memory));
    println!(
        "logits against 8 bits, {} pairs: mean distance {:.4}, largest {:.4}; their standard deviation is {:.4}",
        error.pairs, error.mean, error.largest, error.spread
    );
}
