//! The nodes of a float graph as dynamic quantisation leaves them.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{FLOAT, Index, Use, fields};
use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::tensor::INT8;
use crate::onnx::wire::{write_bytes_field, write_varint_field};
use crate::onnx::{WeightStore, write_input};

/// Field numbers of a NodeProto.
mod field {
    pub const INPUT: u32 = 1;
    pub const OUTPUT: u32 = 2;
    pub const NAME: u32 = 3;
    pub const OPERATOR: u32 = 4;
    pub const ATTRIBUTE: u32 = 5;
}

/// What is read of a node.
#[derive(Debug, Default)]
pub struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    name: &'a str,
    pub operator: &'a str,
    domain: &'a str,
    pub attributes: Vec<&'a [u8]>,
}

impl<'a> Node<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self> {
        let mut node = Self::default();
        for field in fields(message) {
            let field = field?;
            match field.number {
                field::INPUT => node.inputs.push(field.text()?),
                field::OUTPUT => node.outputs.push(field.text()?),
                field::NAME => node.name = field.text()?,
                field::OPERATOR => node.operator = field.text()?,
                field::ATTRIBUTE => node.attributes.push(field.bytes()?),
                7 => node.domain = field.text()?,
                _ => {}
            }
        }
        Ok(node)
    }

    /// True of an operator that ONNX itself defines.
    pub fn is_standard(&self) -> bool {
        matches!(self.domain, "" | "ai.onnx")
    }

    /// An attribute that is an integer, or a float that is one.
    fn integer(&self, name: &str, default: i64) -> Result<Option<i64>> {
        let mut found = Some(default);
        for attribute in &self.attributes {
            let (mut is_it, mut value) = (false, None);
            for field in fields(attribute) {
                let field = field?;
                match field.number {
                    1 => is_it = field.text()? == name,
                    2 => value = (f32::from_bits(field.fixed32()?) == 1.0).then_some(1),
                    3 => value = Some(field.varint()? as i64),
                    _ => {}
                }
            }
            if is_it {
                found = value;
            }
        }
        Ok(found)
    }

    /// Which of its inputs is a weight, and as what.
    pub fn weight(&self) -> Result<Option<(usize, Use)>> {
        if !self.is_standard() {
            return Ok(None);
        }
        Ok(match self.operator {
            "MatMul" => Some((1, Use::Matrix)),
            "Gather" if self.integer("axis", 0)? == Some(0) => Some((0, Use::Table)),
            "Gemm"
                if self.integer("transA", 0)? == Some(0)
                    && self.integer("alpha", 1)? == Some(1)
                    && self.integer("beta", 1)? == Some(1) =>
            {
                match self.integer("transB", 0)? {
                    Some(0) => Some((1, Use::Matrix)),
                    Some(1) => Some((1, Use::TransposedMatrix)),
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

/// What each float matrix of the file is to its nodes.
pub fn uses(index: &Index) -> Result<BTreeMap<String, Use>> {
    let matrices: BTreeSet<&str> =
        index.initializers.iter().filter(|it| it.is_float_matrix()).map(|it| &*it.name).collect();
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    for message in &index.nodes {
        let node = Node::read(message)?;
        let weight = node.weight()?;
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
    /// Inputs that were quantised already.
    quantized: BTreeSet<String>,
    count: usize,
}

const ZERO: &str = "rerank.zero";
const ONE: &str = "rerank.one";

impl<'a> Rewriter<'a> {
    pub fn new(index: &'a Index, uses: &'a BTreeMap<String, Use>) -> Self {
        Self { index, uses, graph: Vec::new(), quantized: BTreeSet::new(), count: 0 }
    }

    /// The ModelProto. `kept` are the initializers that stay, `scales` those of the weights, both by their names in the file.
    pub fn rewrite(
        mut self,
        kept: &BTreeMap<String, Vec<u8>>,
        scales: &BTreeMap<String, Vec<f32>>,
        weights: &WeightStore,
    ) -> Result<Vec<u8>> {
        for message in &self.index.nodes {
            self.node(message)?;
        }
        kept.values().for_each(|tensor| write_bytes_field(&mut self.graph, 5, tensor));
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
        write_bytes_field(&mut model, 7, &self.graph);
        model.extend_from_slice(&self.index.model);
        Ok(model)
    }

    fn node(&mut self, message: &[u8]) -> Result<()> {
        let node = Node::read(message)?;
        let weight = node.weight()?.and_then(|(at, _)| node.inputs.get(at).copied());
        let kind = weight.and_then(|weight| self.uses.get(weight)).copied().unwrap_or(Use::Other);
        let (Some(weight), [output, ..]) = (weight.filter(|_| kind != Use::Other), &node.outputs[..]) else {
            write_bytes_field(&mut self.graph, 1, message);
            return Ok(());
        };
        match kind {
            Use::Table => {
                let [_, ids] = node.inputs[..] else { return Err(invalid("a Gather without indices".to_owned())) };
                let [bytes, floats, scales] = ["bytes", "floats", "scales"].map(|what| format!("{output}_{what}"));
                self.add("Gather", &[&quantized_name(weight), ids], &[&bytes]);
                self.add("DequantizeLinear", &[&bytes, ONE, ZERO], &[&floats]);
                self.add("Gather", &[&scale_name(weight), ids], &[&scales]);
                self.add("Mul", &[&floats, &scales], &[output]);
            }
            _ => {
                let input = node.inputs[0];
                let [codes, scale, zero] = ["quantized", "scale", "zero_point"].map(|what| format!("{input}_{what}"));
                if self.quantized.insert(input.to_owned()) {
                    self.add("DynamicQuantizeLinear", &[input], &[&codes, &scale, &zero]);
                }
                let [product, floats, scales] = ["product", "floats", "scales"].map(|what| format!("{output}_{what}"));
                let bias = node.inputs.get(2).copied().filter(|bias| !bias.is_empty());
                let scaled = if bias.is_some() { format!("{output}_scaled") } else { (*output).to_owned() };
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
        write_bytes_field(&mut self.graph, 1, &node);
    }

    /// To floats.
    fn add_cast(&mut self, input: &str, output: &str) {
        let mut node = self.made("Cast", &[input], &[output]);
        let mut attribute = Vec::new();
        write_bytes_field(&mut attribute, 1, b"to");
        write_varint_field(&mut attribute, 3, FLOAT as u64);
        // Its type: an integer.
        write_varint_field(&mut attribute, 20, 2);
        write_bytes_field(&mut node, field::ATTRIBUTE, &attribute);
        write_bytes_field(&mut self.graph, 1, &node);
    }

    fn made(&mut self, operator: &str, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
        self.count += 1;
        let mut node = Vec::new();
        inputs.iter().for_each(|input| write_bytes_field(&mut node, field::INPUT, input.as_bytes()));
        outputs.iter().for_each(|output| write_bytes_field(&mut node, field::OUTPUT, output.as_bytes()));
        write_bytes_field(&mut node, field::NAME, format!("rerank.{}", self.count).as_bytes());
        write_bytes_field(&mut node, field::OPERATOR, operator.as_bytes());
        node
    }

    fn tensor(&mut self, name: &str, data_type: i32, shape: &[usize], raw: &[u8]) {
        write_bytes_field(&mut self.graph, 5, &tensor(name, data_type, shape, raw));
    }
}

/// A TensorProto.
fn tensor(name: &str, data_type: i32, shape: &[usize], raw: &[u8]) -> Vec<u8> {
    let mut tensor = Vec::new();
    shape.iter().for_each(|&size| write_varint_field(&mut tensor, 1, size as u64));
    write_varint_field(&mut tensor, 2, data_type as u64);
    write_bytes_field(&mut tensor, 8, name.as_bytes());
    write_bytes_field(&mut tensor, 9, raw);
    tensor
}

/// A TensorProto of floats in a row.
pub fn vector(name: &str, values: &[f32]) -> Vec<u8> {
    tensor(name, FLOAT, &[values.len()], &raw_floats(values))
}

/// Floats as they are in a TensorProto.
fn raw_floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn quantized_name(name: &str) -> String {
    format!("{name}_quantized")
}

fn scale_name(name: &str) -> String {
    format!("{name}_scale")
}
