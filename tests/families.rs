//! Graphs of each family of cross-encoders, as today's exporters and quantisers write them. `models/families/make.sh`
//! makes them; `RERANK_WASM_FAMILIES` names a folder of newer ones.

mod support;

use rerank_wasm::graph::{Encoder, Rewrite, TokenSequence};
use support::family::{Family, Row, families};

/// Distances of a graph's logits from onnxruntime's.
fn distances(graph: &Encoder, rows: &[Row]) -> Vec<f32> {
    rows.iter().map(|row| (graph.logit(&row.sequence()).unwrap() - row.logit).abs()).collect()
}

/// The graph with all rewrites, and the one that computes what follows from distances for each pair of places.
fn by_distance_and_by_pair(file: &[u8]) -> [Encoder; 2] {
    let by_pair: Vec<Rewrite> = Rewrite::ALL.into_iter().filter(|rewrite| *rewrite != Rewrite::Distances).collect();
    [&Rewrite::ALL[..], &by_pair].map(|rewrites| support::graph_with(file, rewrites).unwrap())
}

/// The graphs of these families.
fn of(prefixes: [&str; 2]) -> Vec<Family> {
    let wanted = |family: &Family| prefixes.iter().any(|prefix| family.name.starts_with(prefix));
    families().into_iter().filter(wanted).collect()
}

#[test]
fn no_stock_product_is_left() {
    for Family { name, file, .. } in families() {
        let census = support::graph(&file).unwrap().census();
        let count = |operator: &str| census.get(operator).copied().unwrap_or(0);
        // ELECTRA's head has a GELU, too, and so has DeBERTa's.
        let heads = usize::from(name.starts_with("electra") || name.starts_with("deberta"));
        let layers = if name.starts_with("modernbert") { 3 } else { 2 };
        let expected = [("SelfAttention", layers - 1), ("FirstTokenAttention", 1), ("FeedForward", layers + heads)];
        for (operator, expected) in expected {
            assert_eq!(count(operator), expected, "{name}: {operator} in {census:?}");
        }
        for operator in ["EinSum", "OptMatMul", "IntegerMatMul", "Spread", "Softmax", "Erf"] {
            assert_eq!(count(operator), 0, "{name}: {operator} in {census:?}");
        }
    }
}

/// The models have 64 positions; those of some families begin with the third.
#[test]
fn a_rehearsal_fails_where_a_run_does() {
    for Family { name, file, .. } in families() {
        let graph = support::graph(&file).unwrap();
        for tokens in 60..=68 {
            let sequence = TokenSequence { ids: (5..25).cycle().take(tokens).collect(), type_ids: vec![0; tokens] };
            let (rehearsed, run) = (graph.rehearse(&sequence), graph.logit(&sequence));
            assert_eq!(rehearsed.is_ok(), run.is_ok(), "{name}, {tokens} tokens: {rehearsed:?}, {run:?}");
            assert!(tokens > 60 || run.is_ok(), "{name}: {run:?}");
        }
    }
}

/// The biases of MPNet and JinaBERT follow from the distance of two places.
#[test]
fn a_bias_for_each_distance_gives_the_bits_of_one_for_each_pair() {
    for Family { name, file, rows } in of(["mpnet", "jina-bert"]) {
        let [one, other] = by_distance_and_by_pair(&file);
        // Beside the hidden state, 2 · 512 − 1 numbers are few, and 512 · 512 are many.
        assert!(one.largest_tensor(512) < other.largest_tensor(512), "{name}");
        let bits = |graph: &Encoder| distances(graph, &rows).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(&one), bits(&other), "{name}");
    }
}

/// Without this rewrite, attention takes the products with positions as a bias.
#[test]
fn products_with_positions_are_those_of_stock_operators() {
    for Family { name, file, rows } in families().into_iter().filter(|family| family.name.starts_with("deberta")) {
        let [fused, stock] = by_distance_and_by_pair(&file);
        for row in &rows {
            let logits = [&fused, &stock].map(|graph| graph.logit(&row.sequence()).unwrap());
            let distance = (logits[0] - logits[1]).abs();
            // A product halfway between two integers rounds either way in the layers that follow.
            assert!(distance < 0.02, "{name}: {distance}");
        }
    }
}

/// ALiBi, and DeBERTa's positions, are numbers for each distance, not for each pair of places.
#[test]
fn attention_by_distance_needs_no_square() {
    for Family { name, file, .. } in of(["jina-bert", "deberta"]) {
        let graph = support::graph(&file).unwrap();
        let [some, more] = [1_000, 2_000].map(|tokens| graph.largest_tensor(tokens));
        assert!(some > 0 && more <= 2 * some, "{name}: {some} and {more} bytes in {:?}", graph.census());
    }
}

/// The logits spread over about 1. onnxruntime rounds whole tensors of activations; the engine rounds rows.
#[test]
fn logits_are_near_onnxruntimes() {
    for Family { name, file, rows } in families() {
        let distances = distances(&support::graph(&file).unwrap(), &rows);
        println!("{name}: {distances:.4?}");
        assert!(distances.iter().all(|&distance| distance < 0.1), "{name}: {distances:?}");
    }
}

#[test]
fn stock_operators_give_onnxruntimes_logits() {
    for Family { name, file, rows } in families() {
        let mut distances = distances(&support::graph_with(&file, &[]).unwrap(), &rows);
        println!("{name}: {distances:.6?}");
        distances.sort_by(f32::total_cmp);
        // A product halfway between two integers rounds either way. onnxruntime rounds to half precision all the way.
        let bound = if name.ends_with("fp16") { 1e-2 } else { 1e-3 };
        assert!(distances[distances.len() / 2] < bound, "{name}: {distances:?}");
    }
}
