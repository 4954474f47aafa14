//! What a graph says about its speed.

mod support;

use rerank_wasm::graph::Rewrite;
use support::family::{Family, families};
use support::{TINY, graph, graph_with, read};

#[test]
fn fused_families_have_nothing_slow() {
    for Family { name, file, .. } in families() {
        let speed = graph(&file).unwrap().speed();
        assert_eq!((speed.unfused, speed.is_slow), (vec![], false), "{name}");
        if name.starts_with("bert-5") {
            let is_float = name.ends_with("fp16") || name.ends_with("fp32");
            assert_eq!(speed.float_bytes > 0, is_float, "{name}");
        }
    }
}

#[test]
fn float_layers_are_counted_in_bytes() {
    let speed = graph(&read("tests/fixtures/families/bert-5-torchscript-sdpa-fp32.onnx")).unwrap().speed();
    assert_eq!(speed.unfused, []);
    // Two layers of 32, intermediate 64, and the head's two; the widths of models/families/recipe/sizes.py.
    assert_eq!(speed.float_bytes, 4 * (2 * (4 * 32 * 32 + 2 * 32 * 64) + 32 * 32 + 32));
}

/// ALBERT's layers share weights behind Identity, so the quantiser of activations rounds them.
#[test]
fn weights_that_the_file_rounds_are_integers() {
    let speed = graph(&read("tests/fixtures/families/albert-5-torchscript-sdpa-vnni.onnx")).unwrap().speed();
    assert_eq!((speed.float_bytes, speed.kernel), (0, "dot_i16x8"));
}

#[test]
fn attention_and_layers_that_no_rewrite_knows_are_slow() {
    let model = read(TINY);
    let attention =
        graph_with(&model, &Rewrite::ALL.map(|it| if it == Rewrite::Attention { Rewrite::Linear } else { it }));
    let speed = attention.unwrap().speed();
    assert_eq!(speed.unfused, [("MatMul".to_owned(), 4), ("Softmax".to_owned(), 2)]);
    assert!(speed.is_slow);

    let speed = graph_with(&model, &[]).unwrap().speed();
    assert!(speed.unfused.iter().any(|(name, _)| name == "MatMulInteger") && speed.is_slow, "{speed:?}");
}

/// A graph with attention that multiplies the scores by the mask.
#[test]
fn so_is_attention_of_another_kind() {
    let mut model = read(TINY);
    let name = b"attention/self/Add\"\x03Add";
    let places: Vec<usize> = (0..model.len()).filter(|&place| model[place..].starts_with(name)).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|&place| model[place + name.len() - 3..][..3].copy_from_slice(b"Mul"));
    let speed = graph(&model).unwrap().speed();
    assert!(speed.unfused.contains(&("Softmax".to_owned(), 2)), "{speed:?}");
}
