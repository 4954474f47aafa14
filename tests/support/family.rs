//! The graphs of the families, which `models/families/make.sh` makes, with the inputs and logits beside each.

use std::path::{Path, PathBuf};

use rerank_wasm::graph::TokenSequence;
use serde::Deserialize;

use super::{read, read_json_lines, repository};

#[derive(Deserialize)]
pub struct Row {
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
    pub logit: f32,
}

impl Row {
    pub fn sequence(&self) -> TokenSequence {
        TokenSequence { ids: self.input_ids.clone(), type_ids: self.token_type_ids.clone() }
    }
}

/// A graph, with its name and rows.
pub struct Family {
    pub name: String,
    pub file: Vec<u8>,
    pub rows: Vec<Row>,
}

/// The folder that the variable names, or the one of the fixtures.
pub fn folder(variable: &str, fixtures: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| repository(fixtures), |folder| Path::new(&folder).into())
}

/// The graphs in `RERANK_WASM_FAMILIES`, or the committed ones.
pub fn families() -> Vec<Family> {
    let folder = folder("RERANK_WASM_FAMILIES", "tests/fixtures/families");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    let family = |file: PathBuf| Family {
        name: file.file_stem().unwrap().to_string_lossy().into_owned(),
        rows: read_json_lines(&file.with_extension("jsonl").to_string_lossy()),
        file: read(&file.to_string_lossy()),
    };
    let families: Vec<Family> = files.into_iter().map(family).collect();
    assert_eq!(families.len(), 121, "models/families/make.sh makes 121 graphs");
    families
}
