//! Models that the engine does not run are refused with a sentence that says why and what to do.

mod support;

use rerank_wasm::engine::sequence_limits;
use rerank_wasm::error::Error;
use support::protobuf::{Message, join, model, node, tensor, value_info};
use support::{TINY, graph, read};

const FORMS: &str = "; the forms that work are int8 by dynamic quantisation (DynamicQuantizeLinear, in most repositories \
                     model_quantized.onnx) or static (QDQ), fp16 and fp32 (model.onnx)";

/// A graph of these nodes, with one weight.
fn refusal(nodes: &[Message], weight: Message) -> Error {
    let nodes = nodes.iter().cloned().fold(Message::new(), |graph, node| graph.message(1, node));
    let ends = Message::new().message(11, value_info("input_ids", 7, &[])).message(12, value_info("y", 1, &[1, 1]));
    let graph_of = model(join(&[nodes, Message::new().message(5, weight), ends]));
    let error = graph(&graph_of.0).expect_err("it must be refused");
    assert_eq!(error.code(), "unsupported_model", "{error}");
    error
}

fn floats() -> Message {
    tensor("w", 1, &[1], &[0; 4])
}

fn foreign(operator: &str, output: &str) -> Message {
    node(operator, &["input_ids", "w"], output).text(7, "com.microsoft")
}

#[test]
fn operators_of_onnxruntime_are_refused_with_the_forms_that_work() {
    for (nodes, found) in [
        (vec![foreign("MatMulNBits", "y")], "com.microsoft.MatMulNBits (1)"),
        (vec![foreign("MatMulBnb4", "y")], "com.microsoft.MatMulBnb4 (1)"),
        (vec![foreign("FusedMatMul", "x"), foreign("FusedMatMul", "y")], "com.microsoft.FusedMatMul (2)"),
        (vec![node("QLinearMatMul", &["input_ids", "w"], "y")], "QLinearMatMul (1)"),
    ] {
        let expected = format!("model file: the graph uses operators that the engine does not support: {found}{FORMS}");
        assert_eq!(refusal(&nodes, floats()).to_string(), expected);
    }
}

/// Another form of the model would use it, too.
#[test]
fn other_operators_of_onnx_are_refused_alone() {
    let error = refusal(&[node("Conv", &["input_ids", "w"], "y")], floats());
    assert_eq!(
        error.to_string(),
        "model file: the graph uses operators that the engine does not support: Conv (1); choose a cross-encoder of a \
         family that docs/models-and-cache.md lists"
    );
}

#[test]
fn weights_of_four_bits_are_refused_with_the_forms_that_work() {
    let expected = "model file: tensor \"w\": its data type 22 has 4 bits, or is a float of 8 bits; this engine does \
                    not read it";
    let error = refusal(&[node("Add", &["input_ids", "w"], "y")], tensor("w", 22, &[2], &[0]));
    assert_eq!(error.to_string(), format!("{expected}{FORMS}"));
}

#[test]
fn a_language_model_is_refused_by_its_config() {
    let config = br#"{"architectures": ["Qwen3ForCausalLM"], "max_position_embeddings": 40960}"#;
    let error = sequence_limits(config).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    assert_eq!(
        error.to_string(),
        "config file: the model is a language model that generates text, or is built on one, as its architecture \
         Qwen3ForCausalLM shows; choose a cross-encoder on an encoder such as BERT, which reads query and document at once"
    );
    for model_type in ["qwen2", "qwen3", "gemma", "gemma3_text", "llama", "mistral", "phi3", "modernbert-decoder"] {
        let config = format!(
            r#"{{"architectures": ["AnyForSequenceClassification"], "model_type": "{model_type}", "max_position_embeddings": 40960}}"#
        );
        let error = sequence_limits(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(&format!("is built on one, as its model_type {model_type} shows; choose")), "{error}");
    }
    for model_type in ["bert", "modernbert", "deberta-v2", "xlm-roberta", "mpnet", "new", "gte"] {
        sequence_limits(format!(r#"{{"model_type": "{model_type}"}}"#).as_bytes()).unwrap();
    }
    for other in [r#"["BertForSequenceClassification"]"#, "null", "7", "[]"] {
        sequence_limits(format!(r#"{{"architectures": {other}}}"#).as_bytes()).unwrap();
    }
}

#[test]
fn so_is_a_graph_in_the_form_q_operator() {
    let mut file = read(TINY);
    let places: Vec<usize> = (0..file.len()).filter(|&place| file[place..].starts_with(b"\"\x07Softmax")).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|&place| file[place + 2..][..7].copy_from_slice(b"QLinear"));
    assert!(graph(&file).unwrap_err().to_string().ends_with(FORMS));
}
