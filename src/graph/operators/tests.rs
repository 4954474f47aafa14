//! Each operator in each of its forms against onnxruntime; tests/fixtures/operators.py made the models and the values.

use prost::Message;
use serde::Deserialize;
use tract_core::internal::*;

use crate::graph::import::import;
use crate::graph::proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use crate::onnx::WeightStore;

#[derive(Deserialize)]
struct Case {
    name: String,
    model: String,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    dims: Vec<usize>,
    values: Vec<f64>,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|start| u8::from_str_radix(&hex[start..start + 2], 16).unwrap()).collect()
}

fn run(model: &[u8]) -> TractResult<TVec<TValue>> {
    let model = import(ModelProto::decode(model)?, [], &WeightStore::default())?;
    model.into_decluttered()?.into_optimized()?.into_runnable()?.run(tvec!())
}

/// What is wrong with what a case gives.
fn fault(case: &Case) -> Option<String> {
    let outputs = match run(&bytes(&case.model)) {
        Ok(outputs) => outputs,
        Err(error) => return Some(format!("{error:#}")),
    };
    if outputs.len() != case.outputs.len() {
        return Some(format!("{} outputs", outputs.len()));
    }
    outputs.iter().zip(&case.outputs).find_map(|(output, expected)| {
        let numbers = output.cast_to::<f64>().unwrap();
        let numbers = numbers.try_as_plain_ram().unwrap();
        let numbers = numbers.as_slice::<f64>().unwrap();
        let near = |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-5 * (1.0 + other.abs()) || one == other;
        let right = output.shape() == expected.dims && numbers.iter().zip(&expected.values).all(near);
        (!right).then(|| format!("{:?} {numbers:?}, not {:?} {:?}", output.shape(), expected.dims, expected.values))
    })
}

#[test]
fn every_operator_gives_onnxruntimes_values_in_each_of_its_forms() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/operators.jsonl");
    let cases = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 200);
    let faults: Vec<String> =
        cases.iter().filter_map(|case| Some(format!("{}: {}", case.name, fault(case)?))).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn operators_that_are_not_known_are_counted_by_name_and_domain() {
    let node = |operator: &str, domain: &str| NodeProto {
        op_type: operator.to_owned(),
        domain: domain.to_owned(),
        output: vec![format!("{domain}{operator}")],
        ..NodeProto::default()
    };
    let nodes = vec![node("Conv", ""), node("Conv", ""), node("Add", "com.microsoft"), node("Add", "ai.onnx")];
    let output = ValueInfoProto { name: "Conv".to_owned() };
    let graph = GraphProto { node: nodes, output: vec![output], ..GraphProto::default() };
    let error =
        import(ModelProto { graph: Some(graph), opset_import: vec![] }, [], &WeightStore::default()).unwrap_err();
    assert_eq!(error.to_string(), r#"operators that are not supported: {"Conv": 2, "com.microsoft.Add": 1}"#);
}
