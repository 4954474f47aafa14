//! Compares each operator, in each of its forms, with onnxruntime. tests/fixtures/operators.py made the models and
//! values.

use serde::Deserialize;
use tract_core::internal::*;

use crate::graph::import::import;
use crate::graph::import::simplify::optimise;
use crate::onnx::WeightStore;
use crate::onnx::schema::{Attribute, Graph, Model, Node};

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
    let model = import(&Model::read(model)?, [], None, &WeightStore::default())?;
    optimise(model)?.into_runnable()?.run(tvec!())
}

/// Nodes that make a tensor of zeros of this shape. `sizes` is the name between them.
pub fn zeros<'a>(name: &'a str, sizes: &'a str, shape: &[i64]) -> [Node<'a>; 2] {
    let value = Attribute { name: "value_ints", integers: shape.to_vec(), ..Attribute::default() };
    let constant = Node { operator: "Constant", outputs: vec![sizes], attributes: vec![value], ..Node::default() };
    let inputs = vec![sizes];
    [constant, Node { operator: "ConstantOfShape", inputs, outputs: vec![name], ..Node::default() }]
}

/// Describes how the outputs of a case differ from the expected ones.
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
    let node = |operator, domain| Node { operator, domain, outputs: vec![operator], ..Node::default() };
    let nodes = vec![node("Conv", ""), node("Conv", ""), node("Add", "com.microsoft"), node("Add", "ai.onnx")];
    let file = Model { version: 0, graph: Graph { nodes, outputs: vec!["Conv"], ..Graph::default() } };
    let error = import(&file, [], None, &WeightStore::default()).unwrap_err();
    let list = "the graph uses operators that the engine does not support: Conv (2), com.microsoft.Add (1); ";
    assert!(error.to_string().contains(list), "{error}");
}

/// Wires one operator with constant inputs.
fn of_constants(operator: &str, inputs: &[&[i64]], scalars: bool) -> TractResult<TypedModel> {
    let names: Vec<String> = (0..inputs.len()).map(|index| format!("input {index}")).collect();
    let mut nodes: Vec<Node<'_>> = names
        .iter()
        .zip(inputs)
        .map(|(name, values)| {
            let value = match scalars {
                true => Attribute { name: "value_int", integer: Some(values[0]), ..Attribute::default() },
                false => Attribute { name: "value_ints", integers: values.to_vec(), ..Attribute::default() },
            };
            Node { operator: "Constant", outputs: vec![name], attributes: vec![value], ..Node::default() }
        })
        .collect();
    let inputs = names.iter().map(|name| &**name).collect();
    nodes.push(Node { operator, inputs, outputs: vec!["result"], ..Node::default() });
    let file = Model { version: 13, graph: Graph { nodes, outputs: vec!["result"], ..Graph::default() } };
    import(&file, [], None, &WeightStore::default())
}

#[test]
fn a_few_bytes_do_not_become_gigabytes() {
    let huge = 1 << 40;
    for (operator, inputs, scalars) in [
        ("ConstantOfShape", &[&[huge][..]][..], false),
        ("ConstantOfShape", &[&[huge, huge, huge]], false),
        ("Expand", &[&[1, 2], &[huge, 2]], false),
        ("Tile", &[&[1, 2], &[huge]], false),
        ("Range", &[&[0], &[huge], &[1]], true),
    ] {
        let error = format!("{:#}", of_constants(operator, inputs, scalars).unwrap_err());
        let limit = format!("({operator}, opset 13): the result would hold ");
        assert!(error.contains(&limit) && error.contains(" numbers; the limit is 4194304"), "{operator}: {error}");
        let few: Vec<Vec<i64>> =
            inputs.iter().map(|values| values.iter().map(|&value| value.min(2)).collect()).collect();
        let few: Vec<&[i64]> = few.iter().map(|values| &values[..]).collect();
        assert!(of_constants(operator, &few, scalars).is_ok(), "{operator}");
    }
}

#[test]
fn integers_are_not_divided_by_0() {
    for (operator, inputs) in [("Div", &[&[6][..], &[0]][..]), ("Range", &[&[0], &[6], &[0]])] {
        let error = format!("{:#}", of_constants(operator, inputs, true).unwrap_err());
        let expected = if operator == "Div" { "the divisor of integers is 0" } else { "the step of the range is 0" };
        assert!(error.ends_with(expected), "{operator}: {error}");
    }
    assert!(of_constants("Div", &[&[6], &[2]], true).is_ok());
}

/// Wires an operator on the shape of a text, and a reshape of the text to the result.
fn flat_text(operator: &str, input: &str, attributes: &[(&'static str, i64)]) -> TVec<TDim> {
    let attribute = |&(name, value): &(&'static str, i64)| match name {
        "value_ints" => Attribute { name, integers: vec![value], ..Attribute::default() },
        _ => Attribute { name, integer: Some(value), ..Attribute::default() },
    };
    let node = |operator, inputs: &[&'static str], output, attributes: &[_]| {
        let attributes = attributes.iter().map(attribute).collect();
        Node { operator, inputs: inputs.to_vec(), outputs: vec![output], attributes, ..Node::default() }
    };
    let [shape, axes, flat] = [
        node("Shape", &["ids"], "shape", &[]),
        node("Constant", &[], "axes", &[("value_ints", 0)]),
        node("Reshape", &["ids", "sizes"], "flat", &[]),
    ];
    let sizes = node("Unsqueeze", &["numbers", "axes"], "sizes", &[]);
    let product = Node { inputs: vec![input], ..node("", &[], "numbers", attributes) };
    let nodes = vec![shape, axes, Node { operator, ..product }, sizes, flat];
    let file = Model { version: 13, graph: Graph { nodes, outputs: vec!["flat"], ..Graph::default() } };
    let model = import(&file, ["ids"], None, &WeightStore::default()).unwrap();
    model.outlet_fact(model.outputs[0]).unwrap().shape.to_tvec()
}

#[test]
fn products_of_sizes_are_sizes() {
    let products = [flat_text("Size", "ids", &[]), flat_text("ReduceProd", "shape", &[("keepdims", 0)])];
    for shape in products {
        assert_eq!(shape.len(), 1, "{shape:?}");
        assert_eq!(shape[0].symbols().len(), 2, "{shape:?}");
    }
}
