//! The linear layers of a float graph, and the pairs of them in which one reads only the outputs of the other.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Initializer, Use};
use super::nodes::weight;
use crate::error::Result;
use crate::onnx::schema::{Attribute, Node, Tensor};

/// Operators that compute each number from a single number and constants.
const ELEMENTWISE: [&str; 12] =
    ["Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Sigmoid", "Relu", "Gelu", "Neg"];

/// Most values between two layers; GELU has about ten.
const LONGEST_WALK: usize = 64;

/// The nodes of a graph, and the readers of each value.
pub struct FloatGraph<'a> {
    nodes: Vec<Node<'a>>,
    uses: &'a BTreeMap<String, Use>,
    /// The nodes that read each value, once for each time. An output of the graph counts as a node with an unused
    /// number.
    readers: BTreeMap<&'a str, Vec<usize>>,
    initializers: BTreeMap<&'a str, &'a Initializer>,
}

/// The node that computes each value.
type Producers<'a> = BTreeMap<&'a str, usize>;

/// The matrix of each layer with a bias, by the name of its sum.
type BiasSums<'a> = BTreeMap<&'a str, (&'a Initializer, Use)>;

impl<'a> FloatGraph<'a> {
    pub fn read(index: &'a Index, uses: &'a BTreeMap<String, Use>) -> Result<Self> {
        let nodes = index.nodes.iter().map(|message| Node::read(message)).collect::<Result<Vec<_>>>()?;
        let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| readers.entry(input).or_default().push(number));
        }
        for name in index.outputs()? {
            readers.entry(name).or_default().push(nodes.len());
        }
        let initializers = index.initializers.iter().map(|it| (&*it.name, it)).collect();
        Ok(Self { nodes, uses, readers, initializers })
    }

    /// Returns the bias of each matrix: the initializer that is added to its products. It must hold a float for each
    /// column, and neither of the two may have another reader.
    pub fn biases(&self) -> BTreeMap<String, String> {
        let mut biases = BTreeMap::new();
        for node in &self.nodes {
            let Some((matrix, kind)) = self.matrix(node) else { continue };
            let Some(bias) = self.sum(node).and_then(|(bias, _)| self.initializers.get(bias)) else { continue };
            if bias.is_float_vector(matrix.outputs(kind))
                && self.only_reader(&bias.name).is_some()
                && self.only_reader(&matrix.name).is_some()
            {
                biases.insert(matrix.name.clone(), bias.name.clone());
            }
        }
        biases
    }

    /// Returns pairs of matrices. The first reads only the outputs of the second's layer, each by itself, such as after
    /// an activation function. The second has one of the [biases](Self::biases) and no other reader.
    pub fn neurons(&self, biases: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let outputs = || {
            (0..).zip(&self.nodes).flat_map(|(number, node)| node.outputs.iter().map(move |&output| (output, number)))
        };
        let producers: Producers<'a> = outputs().collect();
        if producers.len() < outputs().count() {
            // A name has several meanings.
            return Vec::new();
        }
        let mut sums = BiasSums::new();
        for node in &self.nodes {
            if let Some((matrix, kind)) = self.matrix(node).filter(|(matrix, _)| biases.contains_key(&matrix.name))
                && let Some((_, sum)) = self.sum(node)
            {
                sums.insert(sum, (matrix, kind));
            }
        }
        let mut found = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let Some((second, kind)) = self.matrix(node) else { continue };
            if node.inputs[1..].iter().any(|input| !self.initializers.contains_key(input)) {
                continue;
            }
            let Some((first, first_kind)) = self.made_of(node.inputs[0], number, &producers, &sums) else { continue };
            if first.outputs(first_kind) == second.inputs(kind) && self.only_reader(&second.name).is_some() {
                found.push((second.name.clone(), first.name.clone()));
            }
        }
        found
    }

    fn readers(&self, name: &str) -> &[usize] {
        self.readers.get(name).map_or(&[], Vec::as_slice)
    }

    fn only_reader(&self, name: &str) -> Option<&Node<'a>> {
        if let [reader] = self.readers(name) { self.nodes.get(*reader) } else { None }
    }

    /// Returns the matrix of a layer.
    fn matrix(&self, node: &Node<'_>) -> Option<(&'a Initializer, Use)> {
        let (at, _) = weight(node)?;
        let matrix = *self.initializers.get(*node.inputs.get(at)?)?;
        let kind = *self.uses.get(&matrix.name)?;
        matches!(kind, Use::Matrix | Use::TransposedMatrix).then_some((matrix, kind))
    }

    /// Returns the operand that a layer's products are added to, and the name of the sum.
    fn sum(&self, node: &Node<'a>) -> Option<(&'a str, &'a str)> {
        let &output = node.outputs.first()?;
        if node.operator == "Gemm" {
            return Some((*node.inputs.get(2)?, output));
        }
        let reader = self.only_reader(output).filter(|reader| reader.operator == "Add" && reader.is_standard())?;
        let added = reader.inputs.iter().find(|&&input| input != output)?;
        Some((*added, *reader.outputs.first()?))
    }

    /// Returns the layer with the sum that alone makes up `name`, number by number. Only nodes on the way and the node
    /// `last` may read it.
    fn made_of(
        &self,
        name: &'a str,
        last: usize,
        producers: &Producers<'a>,
        sums: &BiasSums<'a>,
    ) -> Option<(&'a Initializer, Use)> {
        let mut layer = None;
        let mut values = BTreeSet::new();
        let mut nodes = BTreeSet::from([last]);
        let mut open = vec![name];
        while let Some(value) = open.pop() {
            if !values.insert(value) || self.is_scalar(value, producers) {
                continue;
            }
            if values.len() > LONGEST_WALK {
                return None;
            }
            if let Some(&sum) = sums.get(value) {
                if layer.replace(sum).is_some() {
                    return None;
                }
                continue;
            }
            let &number = producers.get(value)?;
            let node = &self.nodes[number];
            if !(ELEMENTWISE.contains(&node.operator) && node.is_standard()) {
                return None;
            }
            nodes.insert(number);
            open.extend(&node.inputs);
        }
        let is_read_by_others = |value: &&str| {
            !self.is_scalar(value, producers) && self.readers(value).iter().any(|reader| !nodes.contains(reader))
        };
        layer.filter(|_| !values.iter().any(is_read_by_others))
    }

    /// Returns true for a constant that is one number.
    fn is_scalar(&self, name: &str, producers: &Producers<'a>) -> bool {
        if let Some(initializer) = self.initializers.get(name) {
            return initializer.dims.iter().all(|&size| size == 1);
        }
        let Some(node) = producers.get(name).map(|&number| &self.nodes[number]) else { return false };
        node.operator == "Constant" && node.is_standard() && node.attributes.iter().all(is_one_number)
    }
}

/// Returns true for a Constant's value that is one number.
fn is_one_number(attribute: &Attribute<'_>) -> bool {
    let Attribute { tensor, text, floats, integers, graph, tensors, graphs, .. } = attribute;
    let is_one = |message: &[u8]| Tensor::read(message).is_ok_and(|tensor| tensor.dims.iter().all(|&size| size == 1));
    let is_empty = floats.is_empty() && integers.is_empty() && tensors.is_empty() && graphs.is_empty();
    is_empty && text.is_none() && graph.is_none() && tensor.as_ref().is_none_or(|message| is_one(message))
}
