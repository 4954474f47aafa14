//! The rewriting of a float graph's nodes into those of dynamic quantisation.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Use};
use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::schema::Node;
use crate::onnx::schema::numbers::data_type::{FLOAT, INT8};
use crate::onnx::schema::numbers::{attribute, graph, model, node, tensor};
use crate::onnx::wire::{write_bytes_field, write_varint_field};
use crate::onnx::{WeightStore, write_input};

/// Reads an attribute that is an integer, or a float with an integral value.
fn integer(node: &Node<'_>, name: &str, default: i64) -> Option<i64> {
    node.attribute(name).map_or(Some(default), |attribute| {
        attribute.integer.or_else(|| attribute.float.filter(|&float| float == 1.0).map(|_| 1))
    })
}

/// Returns the number of the input that is a weight of the node, and its use.
pub fn weight(node: &Node<'_>) -> Option<(usize, Use)> {
    if !node.is_standard() {
        return None;
    }
    let is = |name: &str, default: i64, expected: i64| integer(node, name, default) == Some(expected);
    match node.operator {
        "MatMul" => Some((1, Use::Matrix)),
        "Gather" if is("axis", 0, 0) => Some((0, Use::Table)),
        "Gemm" if is("transA", 0, 0) && is("alpha", 1, 1) && is("beta", 1, 1) => match integer(node, "transB", 0) {
            Some(0) => Some((1, Use::Matrix)),
            Some(1) => Some((1, Use::TransposedMatrix)),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the use of each float matrix in the file.
pub fn uses(index: &Index) -> Result<BTreeMap<String, Use>> {
    let matrices: BTreeSet<&str> =
        index.initializers.iter().filter(|it| it.is_float_matrix()).map(|it| &*it.name).collect();
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    for message in &index.nodes {
        let node = Node::read(message)?;
        let weight = weight(&node);
        for (place, &input) in node.inputs.iter().enumerate().filter(|(_, input)| matrices.contains(*input)) {
            let kind = weight.filter(|&(at, _)| at == place).map_or(Use::Other, |(_, kind)| kind);
            uses.entry(input.to_owned())
                .and_modify(|known| *known = if *known == kind { kind } else { Use::Other })
                .or_insert(kind);
        }
    }
    Ok(uses)
}

pub struct Rewriter<'a> {
    index: &'a Index,
    uses: &'a BTreeMap<String, Use>,
    graph: Vec<u8>,
    /// Inputs that are already quantised.
    quantized: BTreeSet<String>,
    count: usize,
}

const ZERO: &str = "rerank.zero";
const ONE: &str = "rerank.one";

impl<'a> Rewriter<'a> {
    pub fn new(index: &'a Index, uses: &'a BTreeMap<String, Use>) -> Self {
        Self { index, uses, graph: Vec::new(), quantized: BTreeSet::new(), count: 0 }
    }

    /// Writes the ModelProto. `kept` holds the initializers that stay, `scales` the scales of the weights, both by
    /// their names in the file.
    pub fn rewrite(
        mut self,
        kept: &BTreeMap<String, Vec<u8>>,
        scales: &BTreeMap<String, Vec<f32>>,
        weights: &WeightStore,
    ) -> Result<Vec<u8>> {
        for message in &self.index.nodes {
            self.node(message)?;
        }
        kept.values().for_each(|tensor| write_bytes_field(&mut self.graph, graph::INITIALIZER, tensor));
        for (name, values) in scales {
            let is_table = self.uses.get(name) == Some(&Use::Table);
            let shape = if is_table { vec![values.len(), 1] } else { vec![values.len()] };
            self.tensor(&scale_name(name), FLOAT, &shape, &raw_floats(values));
        }
        self.tensor(ZERO, INT8, &[], &[0]);
        self.tensor(ONE, FLOAT, &[], &raw_floats(&[1.0]));
        self.graph.extend_from_slice(&self.index.ends);
        for (name, weight) in weights.iter() {
            write_input(&mut self.graph, name, weight);
        }
        let mut model = Vec::new();
        write_bytes_field(&mut model, model::GRAPH, &self.graph);
        model.extend_from_slice(&self.index.model);
        Ok(model)
    }

    fn node(&mut self, message: &[u8]) -> Result<()> {
        let node = Node::read(message)?;
        let weight = weight(&node).and_then(|(at, _)| node.inputs.get(at).copied());
        let kind = weight.and_then(|weight| self.uses.get(weight)).copied().unwrap_or(Use::Other);
        let (Some(weight), [output, ..]) = (weight.filter(|_| kind != Use::Other), &node.outputs[..]) else {
            write_bytes_field(&mut self.graph, graph::NODE, message);
            return Ok(());
        };
        match kind {
            Use::Table => {
                let [_, ids] = node.inputs[..] else { return Err(invalid("a Gather has no indices".to_owned())) };
                let [bytes, floats, scales] = ["bytes", "floats", "scales"].map(|what| added(what, output));
                self.add("Gather", &[&quantized_name(weight), ids], &[&bytes]);
                self.add("DequantizeLinear", &[&bytes, ONE, ZERO], &[&floats]);
                self.add("Gather", &[&scale_name(weight), ids], &[&scales]);
                self.add("Mul", &[&floats, &scales], &[output]);
            }
            _ => {
                let input = node.inputs[0];
                let [codes, scale, zero] = ["quantized", "scale", "zero_point"].map(|what| added(what, input));
                if self.quantized.insert(input.to_owned()) {
                    self.add("DynamicQuantizeLinear", &[input], &[&codes, &scale, &zero]);
                }
                let [product, floats, scales] = ["product", "floats", "scales"].map(|what| added(what, output));
                let bias = node.inputs.get(2).copied().filter(|bias| !bias.is_empty());
                let scaled = if bias.is_some() { added("scaled", output) } else { (*output).to_owned() };
                self.add("MatMulInteger", &[&codes, &quantized_name(weight), &zero, ZERO], &[&product]);
                self.add_cast(&product, &floats);
                self.add("Mul", &[&scale, &scale_name(weight)], &[&scales]);
                self.add("Mul", &[&floats, &scales], &[&scaled]);
                if let Some(bias) = bias {
                    self.add("Add", &[&scaled, bias], &[output]);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, operator: &str, inputs: &[&str], outputs: &[&str]) {
        let node = self.made(operator, inputs, outputs);
        write_bytes_field(&mut self.graph, graph::NODE, &node);
    }

    /// Adds a node that casts `input` to floats.
    fn add_cast(&mut self, input: &str, output: &str) {
        let mut node = self.made("Cast", &[input], &[output]);
        let mut attribute = Vec::new();
        write_bytes_field(&mut attribute, attribute::NAME, b"to");
        write_varint_field(&mut attribute, attribute::INTEGER, FLOAT as u64);
        write_varint_field(&mut attribute, attribute::TYPE, attribute::TYPE_INTEGER);
        write_bytes_field(&mut node, node::ATTRIBUTE, &attribute);
        write_bytes_field(&mut self.graph, graph::NODE, &node);
    }

    fn made(&mut self, operator: &str, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
        self.count += 1;
        let mut node = Vec::new();
        inputs.iter().for_each(|input| write_bytes_field(&mut node, node::INPUT, input.as_bytes()));
        outputs.iter().for_each(|output| write_bytes_field(&mut node, node::OUTPUT, output.as_bytes()));
        write_bytes_field(&mut node, node::NAME, format!("rerank.{}", self.count).as_bytes());
        write_bytes_field(&mut node, node::OPERATOR, operator.as_bytes());
        node
    }

    fn tensor(&mut self, name: &str, data_type: i32, shape: &[usize], raw: &[u8]) {
        write_bytes_field(&mut self.graph, graph::INITIALIZER, &tensor(name, data_type, shape, raw));
    }
}

/// Writes a TensorProto.
fn tensor(name: &str, data_type: i32, shape: &[usize], raw: &[u8]) -> Vec<u8> {
    let mut tensor = Vec::new();
    shape.iter().for_each(|&size| write_varint_field(&mut tensor, tensor::DIMS, size as u64));
    write_varint_field(&mut tensor, tensor::DATA_TYPE, data_type as u64);
    write_bytes_field(&mut tensor, tensor::NAME, name.as_bytes());
    write_bytes_field(&mut tensor, tensor::RAW_DATA, raw);
    tensor
}

/// Writes a TensorProto with a vector of floats.
pub fn vector(name: &str, values: &[f32]) -> Vec<u8> {
    tensor(name, FLOAT, &[values.len()], &raw_floats(values))
}

/// Returns floats in the form of raw data.
fn raw_floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn quantized_name(name: &str) -> String {
    added("quantized", name)
}

fn scale_name(name: &str) -> String {
    added("scale", name)
}

/// Names a value that the converter adds beside `name`. onnxruntime's quantiser takes names that end so, and a file may
/// have both.
fn added(what: &str, name: &str) -> String {
    format!("rerank.{what}.{name}")
}
