//! A graph with other inputs, outputs, names or results than those of a model is refused with the reason.

use crate::support::protobuf::{Message, graph_of, model, node, tensor, value_info};
use crate::support::{TINY, graph, graph_with, parse, read, sequence};
use rerank_wasm::engine::Loader;
use rerank_wasm::error::Result;
use rerank_wasm::graph::{Encoder, Pooling};
use rerank_wasm::onnx::{OnnxModel, WeightStore};

const TEXT: &[(&str, &[u64])] = &[("input_ids", &[])];

/// What follows the reason in an error of this code.
fn advice(code: &str) -> &'static str {
    if code == "invalid_model" { "; replace it with a sound copy" } else { "" }
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T>, code: &str, reason: &str) {
    let error = result.expect_err("it must be refused");
    assert_eq!(error.to_string(), format!("model file: {reason}{}", advice(code)));
    assert_eq!(error.code(), code, "{error}");
}

/// Asserts the beginning and the end of a message. tract puts the operator between them.
fn assert_refused_around<T: std::fmt::Debug>(result: Result<T>, code: &str, [start, end]: [&str; 2]) {
    let error = result.expect_err("it must be refused");
    let text = error.to_string();
    assert!(text.starts_with(&format!("model file: {start}: ")), "{text}");
    assert!(text.ends_with(&format!(": {end}{}", advice(code))), "{text}");
    assert_eq!(error.code(), code, "{text}");
}

/// Nodes that return the largest token id of each text.
fn largest() -> [Message; 2] {
    let cast = node("Cast", &["input_ids"], "numbers").integer("to", 1);
    [cast, node("ReduceMax", &["numbers"], "y").integers("axes", &[1])]
}

/// Nodes that read a row of a table for each token, and return the largest numbers of all rows.
fn largest_row(table: &str, keepdims: i64) -> [Message; 2] {
    let rows = node("Gather", &[table, "input_ids"], "rows");
    [rows, node("ReduceMax", &["rows"], "y").integers("axes", &[1]).integer("keepdims", keepdims)]
}

fn file(nodes: &[Message]) -> Vec<u8> {
    model(graph_of(TEXT, nodes)).0
}

#[test]
fn inputs_of_another_kind_of_model() {
    for (input, reason) in [
        (
            "past_key_values.0.key",
            "the graph is a language model that generates text, as its input \"past_key_values.0.key\" shows; choose a \
             cross-encoder, which reads query and document at once",
        ),
        (
            "pixel_values",
            "the graph has an input \"pixel_values\"; choose a text cross-encoder, which has only input_ids, \
             attention_mask, token_type_ids, position_ids",
        ),
    ] {
        let file = model(graph_of(&[("input_ids", &[]), (input, &[])], &largest()));
        assert_refused(graph(&file.0), "unsupported_model", reason);
    }
}

#[test]
fn fixed_lengths_that_do_not_fit() {
    fn masked(dims: &'static [u64]) -> Vec<(&'static str, &'static [u64])> {
        vec![("input_ids", dims), ("attention_mask", dims)]
    }
    for (inputs, reason) in [
        (masked(&[8, 32]), "the graph takes exactly 8 pairs of 32 tokens"),
        (
            vec![("input_ids", &[1, 32][..]), ("attention_mask", &[1, 16][..])],
            "the graph takes exactly 1 pairs of 32 tokens",
        ),
        (
            vec![("input_ids", &[1, 32][..])],
            "the graph takes exactly 32 tokens and has no input attention_mask, which would hide padding",
        ),
        (masked(&[1, 0]), "the graph takes exactly 0 tokens; the engine reads 1 to 262144"),
        (masked(&[1, 262_145]), "the graph takes exactly 262145 tokens; the engine reads 1 to 262144"),
    ] {
        let reason = format!("{reason}; export it with dynamic axes for batch and sequence");
        assert_refused(graph(&model(graph_of(&inputs, &largest())).0), "unsupported_model", &reason);
    }
}

#[test]
fn a_pair_longer_than_the_fixed_length() {
    let inputs: [(&str, &[u64]); 2] = [("input_ids", &[1, 4]), ("attention_mask", &[1, 4])];
    let graph = graph(&model(graph_of(&inputs, &largest())).0).unwrap();
    assert_eq!(graph.logit(&sequence(&[3, 5])).unwrap(), 5.0);
    assert_refused(
        graph.logit(&sequence(&[1; 5])),
        "invalid_model",
        "the graph failed on 5 tokens: the pair has more than the 4 tokens that the graph takes",
    );
}

#[test]
fn positions_without_a_config() {
    let file = model(graph_of(&[("input_ids", &[]), ("position_ids", &[])], &largest()));
    assert_refused(
        graph(&file.0).unwrap().with_first_position(None),
        "unsupported_model",
        "the graph has an input position_ids; load it with its config.json, which says where positions begin",
    );
}

#[test]
fn names_without_a_definition_or_with_two() {
    let identity = |input, output| node("Identity", &[input], output);
    for (nodes, reason) in [
        (
            vec![identity("input_ids", "y"), identity("input_ids", "input_ids")],
            "node \"input_ids_node\" computes \"input_ids\", which another node, input or weight defines, too",
        ),
        (
            vec![identity("input_ids", "y"), identity("input_ids", "y")],
            "node \"y_node\" computes \"y\", which another node, input or weight defines, too",
        ),
        (vec![identity("nothing", "y")], "node \"y_node\" reads \"nothing\", which no node, input or weight defines"),
        (
            vec![identity("x", "y"), identity("y", "x")],
            "node \"x_node\" reads \"y\", which depends on the result of this node",
        ),
        (vec![identity("input_ids", "x")], "no node of the graph defines its output \"y\""),
    ] {
        assert_refused(graph(&file(&nodes)), "invalid_model", reason);
    }
    let without_output =
        Message::new().message(1, identity("input_ids", "y")).message(11, value_info("input_ids", 7, &[]));
    let reason = "the graph has no output; it needs one, the logit";
    assert_refused(graph(&model(without_output).0), "invalid_model", reason);
}

/// These errors wait for a caller that passes a graph without the parser, which refuses all of it.
#[test]
fn graphs_that_the_parser_has_not_checked() {
    let load = |graph: Vec<u8>| Encoder::from_onnx(OnnxModel { graph, weights: WeightStore::default() });
    let with = |tensor| model(Message::new().message(5, tensor).message(12, value_info("w", 1, &[])));
    assert_refused(load(Vec::new()), "invalid_model", "the model holds no graph");
    for (tensor, reason) in [
        (
            tensor("w", 1, &[u64::MAX], &[]),
            "tensor \"w\" has an axis of length -1: out of range integral type conversion attempted",
        ),
        (
            tensor("w", 1, &[1 << 40, 1 << 40], &[]),
            "tensor \"w\" has shape [1099511627776, 1099511627776], which is too large",
        ),
        (tensor("w", 1, &[2], &[0; 4]), "tensor \"w\" has 4 bytes, which do not match 2 numbers of 4 bytes"),
        (tensor("w", 8, &[1], &[0; 4]), "the engine does not support data type 8 of ONNX"),
    ] {
        let reason = format!("{reason}; try another export of the model");
        assert_refused(load(with(tensor).0), "unsupported_model", &reason);
    }
    let mut branch = Message::new();
    for _ in 0..9 {
        branch = Message::new().message(1, node("If", &["input_ids"], "inner").graph("then_branch", branch));
    }
    let nodes = [node("Identity", &["input_ids"], "y"), node("If", &["input_ids"], "x").graph("then_branch", branch)];
    assert_refused(load(file(&nodes)), "unsupported_model", "the graph has branches in more than 8 levels");
}

fn not_one_logit(numbers: usize) -> String {
    format!(
        "the graph returns {numbers} numbers for one pair; a reranker returns one; choose a cross-encoder with one label or \
         two, and pass an embedding model to `createEmbedder`"
    )
}

#[test]
fn another_number_of_logits() {
    let rows = |table| file(&[node("Gather", &[table, "input_ids"], "y")]);
    assert_refused(graph(&rows("f32[4,3]")), "unsupported_model", &not_one_logit(3));
    let two = graph_with(&rows("f32[4,1]"), &[]).unwrap();
    assert_refused(two.logit(&sequence(&[0, 1])), "unsupported_model", &not_one_logit(2));
    let none = graph_with(&file(&[node("MatMulInteger", &["u8[0,3]", "i8[3,2]"], "y")]), &[]).unwrap();
    assert_refused(none.logit(&sequence(&[0, 1])), "unsupported_model", &not_one_logit(0));
}

#[test]
fn logits_that_are_not_finite() {
    for value in ["inf", "-inf", "NaN"] {
        let table = format!("f32[4,1]={value}");
        let rows = node("Gather", &[&*table, "input_ids"], "rows");
        let sum = node("ReduceSum", &["rows"], "y").integers("axes", &[1]).integer("keepdims", 0);
        let graph = graph_with(&file(&[rows, sum]), &[]).unwrap();
        let reason = format!("the graph's logit for 2 tokens is {value}; it must be a finite number");
        assert_refused(graph.logit(&sequence(&[0, 1])), "invalid_model", &reason);
        assert_refused(graph.exact_logit(&sequence(&[0, 1])), "invalid_model", &reason);
    }
}

#[test]
fn a_graph_that_fails_on_a_text() {
    let graph = graph_with(&file(&largest_row("f32[4,1]", 0)), &[]).unwrap();
    let outside = sequence(&[0, 9]);
    let reason = ["the graph failed on 2 tokens", "index 9 is outside an axis of length 4"];
    assert_refused_around(graph.logit(&outside), "invalid_model", reason);
    assert_refused_around(graph.exact_logit(&outside), "invalid_model", reason);
    assert_refused_around(graph.logits(&[outside.clone(), outside.clone()]), "invalid_model", reason);
    assert_refused_around(
        graph.rehearse(&outside),
        "unsupported_model",
        [
            "the graph fails on 2 tokens, which config.json allows",
            "index 9 is outside an axis of length 4; give the model a config.json with the length that it takes as \
             max_position_embeddings",
        ],
    );
}

/// The tiny model runs several pairs in lockstep. Its table of words has 1000 rows.
#[test]
fn a_graph_that_fails_on_several_texts() {
    let graph = graph(&read(TINY)).unwrap();
    let pairs = [sequence(&[0, 5, 2]), sequence(&[0, 1000, 2])];
    let end = "an embedding needs row 1000 of a table of 1000 rows";
    assert_refused_around(graph.logits(&pairs), "invalid_model", ["the graph failed on 2 sequences", end]);
    let exact = graph.exact_logits(&pairs, &mut |_| unreachable!());
    assert_refused_around(exact, "invalid_model", ["the graph failed on 2 pairs", end]);
}

#[test]
fn an_output_that_is_no_number() {
    let graph = graph_with(&file(&[node("Size", &["input_ids"], "y")]), &[]).unwrap();
    let error = graph.logit(&sequence(&[0, 1])).unwrap_err();
    assert_eq!(error.code(), "invalid_model");
    assert!(error.to_string().starts_with("model file: the graph's output is no number: "), "{error}");
}

#[test]
fn embedding_models_without_vectors() {
    let embedding = |nodes: &[Message]| Encoder::embedding(parse(None, [&file(nodes)[..]])?, Pooling::Mean);
    let [cast, largest] = largest();
    assert_refused(
        embedding(&[cast, largest.integer("keepdims", 0)]),
        "unsupported_model",
        "the graph returns neither a vector for each token nor one for each text; choose an embedding model, and pass a \
         reranker to `createReranker`",
    );
    assert_refused(
        embedding(&largest_row("f32[4,3]", 1)).unwrap().vector(&sequence(&[0, 1])),
        "unsupported_model",
        "the graph returns 1 vectors for a text of 2 tokens; choose an embedding model that returns one vector for each \
         token or one for the text",
    );
    for nodes in [&[node("Gather", &["f32[4,3]=inf", "input_ids"], "y")][..], &largest_row("f32[4,3]=inf", 0)] {
        assert_refused(
            embedding(nodes).unwrap().vector(&sequence(&[0, 1])),
            "invalid_model",
            "the graph's vector for 2 tokens holds inf; it must hold finite numbers",
        );
    }
}

/// A graph with 1100 numbers for each pair of tokens.
#[test]
fn a_tensor_beyond_the_limit() {
    let nodes = [
        node("Cast", &["input_ids"], "numbers").integer("to", 1),
        node("Unsqueeze", &["numbers"], "columns").integers("axes", &[1, 3]),
        node("Unsqueeze", &["numbers"], "rows").integers("axes", &[2, 3]),
        node("Mul", &["columns", "rows"], "pairs"),
        node("Mul", &["pairs", "f32[1100]=1"], "products"),
        node("ReduceMax", &["products"], "y").integers("axes", &[1, 2, 3]).integer("keepdims", 0),
    ];
    let mut loader = Loader::default();
    let tokenizer = read("tests/fixtures/standin-tiny/tokenizer.json");
    crate::support::feed(&mut loader, &file(&nodes), &tokenizer, b"{}", 1 << 20).unwrap();
    assert_refused(
        loader.finish(),
        "unsupported_model",
        "a tensor of the graph takes 1153433600 bytes for 512 tokens; the limit is 1073741824",
    );
}

/// The position table of the tiny model has 514 rows, of which a text reads those from the third on.
#[test]
fn a_config_that_promises_more_positions_than_there_are() {
    let mut loader = Loader::default();
    let tokenizer = read("tests/fixtures/standin-tiny/tokenizer.json");
    crate::support::feed(&mut loader, &read(TINY), &tokenizer, br#"{"max_position_embeddings": 600}"#, 1 << 20)
        .unwrap();
    let text = loader.finish().unwrap_err().to_string();
    assert!(text.starts_with("model file: the graph fails on 600 tokens, which config.json allows: "), "{text}");
    let advice = "; give the model a config.json with the length that it takes as max_position_embeddings";
    assert!(text.ends_with(advice), "{text}");
}
