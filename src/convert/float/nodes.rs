//! The nodes of a float graph as dynamic quantisation leaves them.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{FLOAT, Index, Initializer, fields};
use super::{Use, quantized_name};
use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::tensor::{INT8, TensorFields};
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
struct Node<'a> {
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    name: &'a str,
    operator: &'a str,
    domain: &'a str,
    attributes: Vec<&'a [u8]>,
}

impl<'a> Node<'a> {
    fn read(message: &'a [u8]) -> Result<Self> {
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
    fn weight(&self) -> Result<Option<(usize, Use)>> {
        if !matches!(self.domain, "" | "ai.onnx") {
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

/// The nodes of a graph, and who reads what.
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    /// Of each value the nodes that read it, as often as they do; for what the graph gives a number that no node has.
    readers: BTreeMap<&'a str, Vec<usize>>,
    initializers: BTreeMap<&'a str, &'a Initializer>,
}

impl<'a> Graph<'a> {
    fn read(index: &'a Index) -> Result<Self> {
        let nodes = index.nodes.iter().map(|message| Node::read(message)).collect::<Result<Vec<_>>>()?;
        let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| readers.entry(input).or_default().push(number));
        }
        for name in index.outputs()? {
            readers.entry(name).or_default().push(nodes.len());
        }
        let initializers = index.initializers.iter().map(|it| (&*it.name, it)).collect();
        Ok(Self { nodes, readers, initializers })
    }

    fn readers(&self, name: &str) -> &[usize] {
        self.readers.get(name).map_or(&[], Vec::as_slice)
    }

    fn only_reader(&self, name: &str) -> Option<&Node<'a>> {
        if let [reader] = self.readers(name) { self.nodes.get(*reader) } else { None }
    }

    /// The matrix of a layer.
    fn matrix(&self, node: &Node<'_>, uses: &BTreeMap<String, Use>) -> Result<Option<(&'a Initializer, Use)>> {
        let Some((at, _)) = node.weight()? else { return Ok(None) };
        let matrix = node.inputs.get(at).and_then(|&name| self.initializers.get(name).copied());
        let known = matrix.and_then(|matrix| Some((matrix, *uses.get(&matrix.name)?)));
        Ok(known.filter(|(_, kind)| matches!(kind, Use::Matrix | Use::TransposedMatrix)))
    }

    /// What the products of a layer are added to, and the sum's name.
    fn sum(&self, node: &Node<'a>) -> Option<(&'a str, &'a str)> {
        let &output = node.outputs.first()?;
        if node.operator == "Gemm" {
            return Some((*node.inputs.get(2)?, output));
        }
        let reader =
            self.only_reader(output).filter(|it| it.operator == "Add" && matches!(it.domain, "" | "ai.onnx"))?;
        let added = reader.inputs.iter().find(|&&input| input != output)?;
        Some((*added, *reader.outputs.first()?))
    }
}

/// Of each matrix the initializer that is added to its products, where that is floats, one for each column, and neither has
/// another reader.
pub fn biases(index: &Index, uses: &BTreeMap<String, Use>) -> Result<BTreeMap<String, String>> {
    let graph = Graph::read(index)?;
    let mut biases = BTreeMap::new();
    for node in &graph.nodes {
        let Some((matrix, kind)) = graph.matrix(node, uses)? else { continue };
        let Some(bias) = graph.sum(node).and_then(|(bias, _)| graph.initializers.get(bias)) else { continue };
        if bias.is_float_vector(matrix.outputs(kind))
            && graph.only_reader(&bias.name).is_some()
            && graph.only_reader(&matrix.name).is_some()
        {
            biases.insert(matrix.name.clone(), bias.name.clone());
        }
    }
    Ok(biases)
}

/// The matrices that read nothing but the outputs of another layer, each by itself, as behind an activation function; each
/// with the matrix of that layer, which has a [bias](biases) and no other reader.
pub fn neurons(
    index: &Index,
    uses: &BTreeMap<String, Use>,
    biases: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>> {
    let graph = Graph::read(index)?;
    let mut first_layers = BTreeMap::new();
    for node in &graph.nodes {
        if let Some((matrix, kind)) = graph.matrix(node, uses)?.filter(|(matrix, _)| biases.contains_key(&matrix.name))
            && let Some((_, sum)) = graph.sum(node)
        {
            first_layers.insert(sum, (matrix, kind));
        }
    }
    let outputs =
        || (0..).zip(&graph.nodes).flat_map(|(number, node)| node.outputs.iter().map(move |&output| (output, number)));
    let producers: BTreeMap<&str, usize> = outputs().collect();
    if producers.len() < outputs().count() {
        // Some name has several meanings.
        return Ok(Vec::new());
    }
    let walk = Walk { graph: &graph, producers: &producers, first_layers: &first_layers };
    let mut found = Vec::new();
    for (number, node) in graph.nodes.iter().enumerate() {
        let Some((second, kind)) = graph.matrix(node, uses)? else { continue };
        let inputs = if kind == Use::Matrix { second.rows() } else { second.columns() };
        if node.inputs[1..].iter().any(|input| !graph.initializers.contains_key(input)) {
            continue;
        }
        let Some(sum) = walk.back_from(node.inputs[0], number) else { continue };
        let (first, first_kind) = first_layers[sum];
        if first.outputs(first_kind) == inputs && graph.only_reader(&second.name).is_some() {
            found.push((second.name.clone(), first.name.clone()));
        }
    }
    Ok(found)
}

/// Operators that make each number of one number and of constants.
const ELEMENTWISE: [&str; 12] =
    ["Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Sigmoid", "Relu", "Gelu", "Neg"];

/// Most values between two layers; GELU has some ten.
const LONGEST_WALK: usize = 64;

struct Walk<'w, 'a> {
    graph: &'w Graph<'a>,
    producers: &'w BTreeMap<&'a str, usize>,
    first_layers: &'w BTreeMap<&'a str, (&'a Initializer, Use)>,
}

impl<'a> Walk<'_, 'a> {
    /// The sum that all of `name` is made of, number by number, where nothing but that and the node `last` reads it.
    fn back_from(&self, name: &'a str, last: usize) -> Option<&'a str> {
        let mut sum = None;
        let mut values = BTreeSet::new();
        let mut nodes = BTreeSet::from([last]);
        let mut open = vec![name];
        while let Some(value) = open.pop() {
            if !values.insert(value) || self.is_scalar(value) {
                continue;
            }
            if values.len() > LONGEST_WALK {
                return None;
            }
            if self.first_layers.contains_key(value) {
                sum = Some(value);
                continue;
            }
            let &number = self.producers.get(value)?;
            let node = &self.graph.nodes[number];
            if !(ELEMENTWISE.contains(&node.operator) && matches!(node.domain, "" | "ai.onnx")) {
                return None;
            }
            nodes.insert(number);
            open.extend(&node.inputs);
        }
        let sums = values.iter().filter(|value| self.first_layers.contains_key(*value)).count();
        let read_by_others = |value: &&str| {
            !self.is_scalar(value) && self.graph.readers(value).iter().any(|reader| !nodes.contains(reader))
        };
        sum.filter(|_| sums == 1 && !values.iter().any(read_by_others))
    }

    fn is_scalar(&self, name: &str) -> bool {
        if let Some(initializer) = self.graph.initializers.get(name) {
            return initializer.dims.iter().all(|&size| size == 1);
        }
        let Some(node) = self.producers.get(name).map(|&number| &self.graph.nodes[number]) else { return false };
        node.operator == "Constant"
            && matches!(node.domain, "" | "ai.onnx")
            && node.attributes.iter().all(|attribute| is_one_number(attribute))
    }
}

/// True of the value of a Constant that is one number.
fn is_one_number(attribute: &[u8]) -> bool {
    fields(attribute).all(|field| {
        field.is_ok_and(|field| match field.number {
            // Its name, a float, an integer, its type.
            1 | 2 | 3 | 20 => true,
            5 => {
                field.bytes().and_then(TensorFields::read).is_ok_and(|tensor| tensor.dims.iter().all(|&size| size == 1))
            }
            _ => false,
        })
    })
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
pub fn tensor(name: &str, data_type: i32, shape: &[usize], raw: &[u8]) -> Vec<u8> {
    let mut tensor = Vec::new();
    shape.iter().for_each(|&size| write_varint_field(&mut tensor, 1, size as u64));
    write_varint_field(&mut tensor, 2, data_type as u64);
    write_bytes_field(&mut tensor, 8, name.as_bytes());
    write_bytes_field(&mut tensor, 9, raw);
    tensor
}

/// Floats as they are in a TensorProto.
pub fn raw_floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn scale_name(name: &str) -> String {
    format!("{name}_scale")
}
