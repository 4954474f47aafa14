//! Graphs of each family of cross-encoders, as today's exporters and quantisers write them. `models/families/make.sh`
//! makes them; `RERANK_WASM_FAMILIES` names a folder of newer ones.

mod support;

use std::path::{Path, PathBuf};

use rerank_wasm::graph::{Graph, Rewrite, TokenSequence};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<u32>,
    token_type_ids: Vec<u32>,
    logit: f32,
}

fn folder() -> PathBuf {
    std::env::var_os("RERANK_WASM_FAMILIES")
        .map_or_else(|| support::repository("tests/fixtures/families"), |folder| Path::new(&folder).into())
}

/// The name, the file and the rows of each graph.
fn families() -> Vec<(String, Vec<u8>, Vec<Row>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    assert_eq!(files.len(), 47, "models/families/make.sh makes 47 graphs");
    let read = |file: PathBuf| {
        let rows = support::read_json_lines(&file.with_extension("jsonl").to_string_lossy());
        (file.file_stem().unwrap().to_string_lossy().into_owned(), support::read(&file.to_string_lossy()), rows)
    };
    files.into_iter().map(read).collect()
}

/// Distances of a graph's logits from onnxruntime's.
fn distances(graph: &Graph, rows: &[Row]) -> Vec<f32> {
    let distance = |row: &Row| {
        let sequence = TokenSequence { ids: row.input_ids.clone(), type_ids: row.token_type_ids.clone() };
        (graph.logit(&sequence).unwrap() - row.logit).abs()
    };
    rows.iter().map(distance).collect()
}

#[test]
fn no_stock_product_is_left() {
    for (name, model, _) in families() {
        let census = support::graph(&model).unwrap().census();
        let count = |operator: &str| census.get(operator).copied().unwrap_or(0);
        // ELECTRA's head has a GELU, too, and so has DeBERTa's.
        let heads = usize::from(name.starts_with("electra") || name.starts_with("deberta"));
        let layers = if name.starts_with("modernbert") { 3 } else { 2 };
        let expected = [("SelfAttention", layers - 1), ("Attention", 1), ("FeedForward", layers + heads)];
        for (operator, expected) in expected {
            assert_eq!(count(operator), expected, "{name}: {operator} in {census:?}");
        }
        for operator in ["EinSum", "OptMatMul", "IntegerMatMul", "Spread", "Softmax", "Erf"] {
            assert_eq!(count(operator), 0, "{name}: {operator} in {census:?}");
        }
    }
}

/// The biases of MPNet and JinaBERT follow from the distance of two places.
#[test]
fn a_bias_for_each_distance_gives_the_bits_of_one_for_each_pair() {
    let by_pair: Vec<Rewrite> = Rewrite::ALL.into_iter().filter(|rewrite| *rewrite != Rewrite::Distances).collect();
    for (name, model, rows) in
        families().into_iter().filter(|(name, ..)| name.starts_with("mpnet") || name.starts_with("jina-bert"))
    {
        let [one, other] = [&Rewrite::ALL[..], &by_pair].map(|rewrites| support::graph_with(&model, rewrites).unwrap());
        // Beside the hidden state, 2 · 512 − 1 numbers are few, and 512 · 512 are many.
        assert!(one.largest_tensor(512) < other.largest_tensor(512), "{name}");
        let bits = |graph: &Graph| distances(graph, &rows).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(&one), bits(&other), "{name}");
    }
}

/// Without this rewrite, attention takes the products with positions as a bias.
#[test]
fn products_with_positions_are_those_of_stock_operators() {
    let by_pair: Vec<Rewrite> = Rewrite::ALL.into_iter().filter(|rewrite| *rewrite != Rewrite::Distances).collect();
    for (name, model, rows) in families().into_iter().filter(|(name, ..)| name.starts_with("deberta")) {
        let [fused, stock] =
            [&Rewrite::ALL[..], &by_pair].map(|rewrites| support::graph_with(&model, rewrites).unwrap());
        let of_row = |graph: &Graph, row: &Row| {
            let sequence = TokenSequence { ids: row.input_ids.clone(), type_ids: row.token_type_ids.clone() };
            graph.logit(&sequence).unwrap()
        };
        for row in &rows {
            let distance = (of_row(&fused, row) - of_row(&stock, row)).abs();
            // A product halfway between two integers rounds either way in the layers that follow.
            assert!(distance < 0.02, "{name}: {distance}");
        }
    }
}

/// ALiBi, and DeBERTa's positions, are numbers for each distance, not for each pair of places.
#[test]
fn attention_by_distance_needs_no_square() {
    let by_distance = |(name, ..): &(String, _, _)| name.starts_with("jina-bert") || name.starts_with("deberta");
    for (name, model, _) in families().into_iter().filter(by_distance) {
        let graph = support::graph(&model).unwrap();
        let [some, more] = [1_000, 2_000].map(|tokens| graph.largest_tensor(tokens));
        assert!(some > 0 && more <= 2 * some, "{name}: {some} and {more} bytes in {:?}", graph.census());
    }
}

/// The logits spread over about 1. onnxruntime rounds whole tensors of activations; the engine rounds rows.
#[test]
fn logits_are_near_onnxruntimes() {
    for (name, model, rows) in families() {
        let distances = distances(&support::graph(&model).unwrap(), &rows);
        println!("{name}: {distances:.4?}");
        assert!(distances.iter().all(|&distance| distance < 0.1), "{name}: {distances:?}");
    }
}

#[test]
fn stock_operators_give_onnxruntimes_logits() {
    for (name, model, rows) in families() {
        let mut distances = distances(&support::graph_with(&model, &[]).unwrap(), &rows);
        println!("{name}: {distances:.6?}");
        distances.sort_by(f32::total_cmp);
        // A product halfway between two integers rounds either way. onnxruntime rounds to half precision all the way.
        let bound = if name.ends_with("fp16") { 1e-2 } else { 1e-3 };
        assert!(distances[distances.len() / 2] < bound, "{name}: {distances:?}");
    }
}
