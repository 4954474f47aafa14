//! Each rewrite against tract's own operators, on models for which both compute the same.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use rerank_wasm::graph::exact::outputs;
use rerank_wasm::graph::{Encoder, Rewrite, TokenSequence};
use rerank_wasm::kernels::linear::Linear;
use support::{TINY, graph_with, logit, read};

fn sequence(length: u32, seed: u32) -> Vec<u32> {
    (0..length).map(|index| 4 + (index * 37 + seed * 101) % 990).collect()
}

fn tiny(rewrites: &[Rewrite]) -> Encoder {
    graph_with(&read(TINY), rewrites).unwrap()
}

/// Returns the mean distance between two graphs' logits, for sequences of many lengths.
fn distance(one: &Encoder, other: &Encoder) -> f32 {
    let lengths = [1, 2, 3, 5, 8, 17, 31, 64, 100, 201];
    let distances = lengths.iter().map(|&length| {
        let ids = sequence(length, 1);
        (logit(one, &ids) - logit(other, &ids)).abs()
    });
    distances.sum::<f32>() / lengths.len() as f32
}

#[test]
fn each_rewrite_alone_changes_rounding_only() {
    let unfused = tiny(&[]);
    for (rewrite, operator, count, limit) in [
        (Rewrite::Embedding, "Embedding", 1, 1e-6),
        (Rewrite::Positions, "RobertaPositions", 1, 1e-6),
        (Rewrite::LayerNorm, "AddLayerNorm", 5, 1e-4),
        // The rounding of attention changes the scales of later tensors, and so the logit. Quantising the tensors must
        // change it more (0.054 by the fixture, at a standard deviation of 1.6).
        (Rewrite::Attention, "Attention", 2, 0.054),
    ] {
        let fused = tiny(&[rewrite]);
        assert!(!unfused.census().contains_key(operator));
        assert_eq!(fused.census()[operator], count);
        let distance = distance(&fused, &unfused);
        println!("{rewrite:?}: {distance}");
        assert!(distance < limit, "{rewrite:?}: {distance}");
    }
}

/// With one token, a scale for each row is a scale for the tensor. If a product lies halfway between two integers, the
/// last bit of a float decides, and a few logits change.
#[test]
fn linear_layers_are_the_stock_ones_where_a_tensor_is_one_row() {
    let (fused, unfused) = (tiny(&[Rewrite::Linear]), tiny(&[]));
    assert_eq!(fused.census()["QuantizedLinear"], 12);
    let mut distances: Vec<f32> = (4..164).map(|id| (logit(&fused, &[id]) - logit(&unfused, &[id])).abs()).collect();
    distances.sort_by(f32::total_cmp);
    assert!(distances[distances.len() * 3 / 4] < 1e-5, "{distances:?}");
    assert!(distances[distances.len() - 1] < 0.1, "{distances:?}");
}

/// Rows are independent. So their selection, their order and the number of quantisations change no bit.
#[test]
fn work_that_is_left_out_or_done_in_another_order_changes_no_bit() {
    let last = [Rewrite::FirstToken, Rewrite::SharedInput, Rewrite::FeedForward, Rewrite::SelfAttention];
    let most = Rewrite::ALL.strip_suffix(&last).expect("the last rewrites are these");
    let plain = tiny(most);
    let [first_token, shared_input, feed_forward, _] = last;
    let others = [&last[..], &last[1..], &[first_token], &[shared_input], &[feed_forward]]
        .map(|rewrites| tiny(&[most, rewrites].concat()));
    for (index, graph) in others.iter().enumerate() {
        assert!(others[..index].iter().chain([&plain]).all(|other| other.census() != graph.census()));
    }
    // This includes more rows than a block of the feed-forward part.
    for length in [1, 2, 7, 130] {
        let ids = sequence(length, 2);
        let expected = logit(&plain, &ids).to_bits();
        assert!(others.iter().all(|graph| logit(graph, &ids).to_bits() == expected), "{length} tokens");
    }
}

/// The converter gets the input rows of each layer, and logits in floats, from a plan.
#[test]
fn fused_operators_show_the_layers_that_they_are_made_of() {
    let last = [Rewrite::FeedForward, Rewrite::SelfAttention];
    let most = Rewrite::ALL.strip_suffix(&last).expect("the last rewrites are these");
    let [fused, plain] = [&Rewrite::ALL, most].map(tiny);
    assert_ne!(fused.census(), plain.census());
    let sequences = [7, 130].map(|length| support::sequence(&sequence(length, 2)));
    let observed = |graph: &Encoder| {
        let mut observed = BTreeMap::new();
        for sequence in &sequences {
            let mut see = |layer: &Linear, rows: &[f32]| {
                observed.entry(layer.matrix().unpack()).or_insert_with(Vec::new).extend_from_slice(rows);
            };
            graph.observe(sequence, &mut see).unwrap();
        }
        observed
    };
    let (by_fused, by_plain) = (observed(&fused), observed(&plain));
    assert_eq!(by_fused.len(), 2 * 6 + 2);
    assert!(by_fused == by_plain);

    let exact = |graph: &Encoder| sequences.each_ref().map(|sequence| graph.exact_logit(sequence).unwrap().to_bits());
    assert_eq!(exact(&fused), exact(&plain));
    let in_step = |graph: &Encoder| {
        let mut residuals = 0;
        let logits = graph.exact_logits(&sequences, &mut |reading| {
            residuals += usize::from(reading.residuals.is_some());
            let of_layer = |layer: &Arc<Linear>| {
                let weights = layer.weights();
                reading.rows.iter().map(|rows| outputs(rows, &weights, layer.bias())).collect()
            };
            Ok(reading.layers.iter().map(of_layer).collect())
        });
        (logits.unwrap().unwrap().into_iter().map(f32::to_bits).collect::<Vec<_>>(), residuals)
    };
    let (logits, residuals) = in_step(&fused);
    assert_eq!(logits, exact(&plain));
    assert!(residuals > 0);
    assert_eq!(in_step(&plain), (logits, residuals));
}

#[test]
fn pairs_in_step_keep_the_bits_that_each_has_alone() {
    let lengths = [7, 1, 64, 64, 3, 130];
    let sequences: Vec<_> = lengths
        .into_iter()
        .zip(3..)
        .map(|(length, seed)| TokenSequence { ids: sequence(length, seed), type_ids: vec![0; length as usize] })
        .collect();
    for rewrites in [&Rewrite::ALL[..], &[Rewrite::Linear], &[]] {
        let graph = tiny(rewrites);
        let together = graph.logits(&sequences).unwrap();
        let alone: Vec<f32> = sequences.iter().map(|sequence| graph.logit(sequence).unwrap()).collect();
        assert_eq!(together, alone, "{rewrites:?}");
    }
    assert!(tiny(&Rewrite::ALL).logits(&[]).unwrap().is_empty());
}
