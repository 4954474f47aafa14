//! The roles that nodes give to a graph's initializers, and the checks of everything inside a node.

use std::collections::BTreeMap;

use super::refusal::{unsupported, within};
use super::schema::numbers::{graph, node, tensor, value_info};
use super::schema::tensor::is_typed_data;
use super::schema::{Attribute, Node, Tensor};
use super::wire::{Fields, label};
use crate::error::Result;

/// Most fields in a whole model, values of tensors not counted; bge-reranker-base has 30,000. A view takes up to 200
/// bytes of memory for a message of 2, and this limit bounds the sum.
const MAX_FIELDS: usize = 1 << 18;
/// Most levels of graphs nested in attributes of nodes.
pub const MAX_DEPTH: usize = 8;

/// The path of fields from a ValueInfoProto to the dimensions of its type.
const PATH_TO_DIMENSIONS: [u32; 4] =
    [value_info::TYPE, value_info::TYPE_TENSOR, value_info::TENSOR_SHAPE, value_info::SHAPE_DIMENSION];

/// The single use that nodes make of an initializer, or of the floats that DequantizeLinear makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Second operand of MatMulInteger or MatMul.
    Matrix,
    /// First operand of Gather.
    Table,
}

/// What nodes do with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Use {
    As(Role),
    /// DequantizeLinear makes floats with this name of it.
    Dequantized(String),
}

/// The roles of all names seen so far.
#[derive(Debug, Default)]
pub struct Roles {
    /// `None` for a name with several uses, or with one outside [`Use`].
    by_name: BTreeMap<String, Option<Use>>,
    fields: usize,
}

impl Roles {
    pub fn of(&self, name: &str) -> Option<Role> {
        match self.by_name.get(name)?.as_ref()? {
            Use::As(role) => Some(*role),
            Use::Dequantized(floats) => match self.by_name.get(floats)?.as_ref()? {
                Use::As(role) => Some(*role),
                Use::Dequantized(_) => None,
            },
        }
    }

    /// Counts a field of the model.
    ///
    /// # Errors
    /// `unsupported_model` beyond [`MAX_FIELDS`].
    pub fn count_field(&mut self) -> Result<()> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(unsupported(format!("the model has more than {MAX_FIELDS} fields; this engine reads no more")));
        }
        Ok(())
    }

    /// Takes a field of the main graph other than an initializer.
    ///
    /// # Errors
    /// `invalid_model` or `unsupported_model` for an error inside a node, with its name.
    pub fn take(&mut self, number: u32, value: &[u8]) -> Result<()> {
        self.take_at(number, value, 0)
    }

    fn take_at(&mut self, number: u32, value: &[u8], depth: usize) -> Result<()> {
        match number {
            graph::NODE => self.node(value, depth).map_err(|error| within(node_place(value), error)),
            graph::INPUT | graph::OUTPUT => {
                self.note(label(value, value_info::NAME), None);
                self.count_nested(value, &PATH_TO_DIMENSIONS)
            }
            graph::VALUE_INFO => self.count_nested(value, &PATH_TO_DIMENSIONS),
            _ => Ok(()),
        }
    }

    fn note(&mut self, name: &str, used: Option<Use>) {
        match self.by_name.get_mut(name) {
            Some(known) if *known == used => {}
            Some(known) => *known = None,
            None => {
                self.by_name.insert(name.to_owned(), used);
            }
        }
    }

    fn node(&mut self, message: &[u8], depth: usize) -> Result<()> {
        for field in Fields::new(message) {
            self.count_field()?;
            let field = field?;
            if field.number == node::ATTRIBUTE {
                self.count_nested(field.bytes()?, &[])?;
            }
        }
        let node = Node::read(message)?;
        let standard = depth == 0 && node.is_standard();
        let dequantizes = standard && node.operator == "DequantizeLinear";
        if !dequantizes {
            // An initializer with this name too would give the name two meanings.
            node.outputs.iter().for_each(|output| self.note(output, None));
        }
        node.attributes.iter().try_for_each(|attribute| self.attribute(attribute, depth))?;
        for (index, input) in node.inputs.into_iter().enumerate() {
            let used = match (node.operator, index) {
                ("MatMulInteger" | "MatMul", 1) if standard => Some(Use::As(Role::Matrix)),
                ("Gather", 0) if standard => Some(Use::As(Role::Table)),
                ("DequantizeLinear", 0) if standard => {
                    node.outputs.first().map(|&floats| Use::Dequantized(floats.to_owned()))
                }
                _ => None,
            };
            self.note(input, used);
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &Attribute<'_>, depth: usize) -> Result<()> {
        let tensors = attribute.tensor.iter().map(|tensor| &**tensor).chain(attribute.tensors.iter().copied());
        for tensor in tensors {
            self.tensor(tensor)?;
        }
        let graphs = attribute.graph.iter().map(|graph| &**graph).chain(attribute.graphs.iter().copied());
        for graph in graphs {
            self.subgraph(graph, depth + 1)?;
        }
        Ok(())
    }

    /// Counts each name in a subgraph as used, since it may mean a name of a graph around it.
    fn subgraph(&mut self, message: &[u8], depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(unsupported(format!(
                "its graphs nest more than {MAX_DEPTH} levels deep; this engine reads no deeper"
            )));
        }
        for field in Fields::new(message) {
            self.count_field()?;
            let field = field?;
            match field.number {
                graph::INITIALIZER => {
                    self.tensor(field.bytes()?)?;
                    self.note(label(field.bytes()?, tensor::NAME), None);
                }
                graph::NODE | graph::INPUT | graph::OUTPUT | graph::VALUE_INFO => {
                    self.take_at(field.number, field.bytes()?, depth)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tensor(&mut self, message: &[u8]) -> Result<()> {
        for field in Fields::new(message) {
            if !field.is_ok_and(|field| is_typed_data(field.number)) {
                self.count_field()?;
            }
        }
        Tensor::read(message)?.check()
    }

    /// Counts the fields of a message, and of the messages in it along `path`.
    fn count_nested(&mut self, message: &[u8], path: &[u32]) -> Result<()> {
        for field in Fields::new(message) {
            self.count_field()?;
            let field = field?;
            if let [next, path @ ..] = path
                && field.number == *next
            {
                self.count_nested(field.bytes()?, path)?;
            }
        }
        Ok(())
    }
}

fn node_place(message: &[u8]) -> String {
    match (label(message, node::NAME), label(message, node::OUTPUT)) {
        ("", output) => format!("the node with the output {output:?}"),
        (name, _) => format!("node {name:?}"),
    }
}
