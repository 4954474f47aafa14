//! What the nodes of a graph do with its initializers, and the checks of everything that lies inside a node.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::refusal::{unsupported, within};
use super::tensor::{self, TensorFields};
use super::wire::{Fields, label};
use crate::error::Result;

/// Field numbers of a GraphProto.
pub mod field {
    pub const NODE: u32 = 1;
    pub const INITIALIZER: u32 = 5;
    pub const INPUT: u32 = 11;
    pub const OUTPUT: u32 = 12;
    pub const VALUE_INFO: u32 = 13;
}

/// Fields in a whole model, values of tensors not counted; bge-reranker-base has 30,000. A decoder takes up to 350 bytes
/// of memory for a message of 2, which is what this bounds.
const MAX_FIELDS: usize = 1 << 18;
/// Graphs in attributes of nodes of graphs in attributes and so on.
const MAX_DEPTH: usize = 8;

/// From a ValueInfoProto to the dimensions of its type, as field numbers: type, tensor_type, shape, dim.
const PATH_TO_DIMENSIONS: [u32; 4] = [2, 1, 2, 1];

/// The only thing that the nodes do with an initializer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Second operand of MatMulInteger.
    Matrix,
    /// First operand of Gather.
    Table,
}

/// The roles of all names that were seen so far.
#[derive(Debug, Default)]
pub struct Roles {
    /// `None` for a name that has several roles or one that is not among [`Role`].
    by_name: BTreeMap<String, Option<Role>>,
    fields: usize,
}

impl Roles {
    pub fn of(&self, name: &str) -> Option<Role> {
        *self.by_name.get(name)?
    }

    /// Counts one more field of the model.
    ///
    /// # Errors
    /// `unsupported_model` where there are more than any model has.
    pub fn count_field(&mut self) -> Result<()> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(unsupported(format!("more than {MAX_FIELDS} fields")));
        }
        Ok(())
    }

    /// Takes a field of the main graph other than an initializer.
    ///
    /// # Errors
    /// `invalid_model` or `unsupported_model` for what is wrong inside a node, naming it.
    pub fn take(&mut self, number: u32, value: &[u8]) -> Result<()> {
        self.take_at(number, value, 0)
    }

    fn take_at(&mut self, number: u32, value: &[u8], depth: usize) -> Result<()> {
        match number {
            field::NODE => self.node(value, depth).map_err(|error| within(node_place(value), error)),
            field::INPUT | field::OUTPUT => {
                self.note(label(value, 1), None);
                self.count_nested(value, &PATH_TO_DIMENSIONS)
            }
            field::VALUE_INFO => self.count_nested(value, &PATH_TO_DIMENSIONS),
            _ => Ok(()),
        }
    }

    fn note(&mut self, name: &str, role: Option<Role>) {
        match self.by_name.get_mut(name) {
            Some(known) if *known == role => {}
            Some(known) => *known = None,
            None => {
                self.by_name.insert(name.to_owned(), role);
            }
        }
    }

    fn node(&mut self, node: &[u8], depth: usize) -> Result<()> {
        let (mut inputs, mut operator, mut domain) = (Vec::new(), "", "");
        for field in Fields::new(node) {
            self.count_field()?;
            let field = field?;
            match field.number {
                1 => inputs.push(field.text()?),
                // An initializer of that name, too, would make it a name with two meanings.
                2 => self.note(field.text()?, None),
                4 => operator = field.text()?,
                5 => self.attribute(field.bytes()?, depth)?,
                7 => domain = field.text()?,
                _ => {}
            }
        }
        let standard = depth == 0 && matches!(domain, "" | "ai.onnx");
        for (index, input) in inputs.into_iter().enumerate() {
            let role = match (operator, index) {
                ("MatMulInteger", 1) if standard => Some(Role::Matrix),
                ("Gather", 0) if standard => Some(Role::Table),
                _ => None,
            };
            self.note(input, role);
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &[u8], depth: usize) -> Result<()> {
        // Occurrences of a message that is not repeated are parts of one message.
        let (mut tensor, mut graph) = (None, None);
        for field in Fields::new(attribute) {
            self.count_field()?;
            let field = field?;
            match field.number {
                5 => join(&mut tensor, field.bytes()?),
                6 => join(&mut graph, field.bytes()?),
                10 => self.tensor(field.bytes()?)?,
                11 => self.subgraph(field.bytes()?, depth + 1)?,
                _ => {}
            }
        }
        if let Some(tensor) = tensor {
            self.tensor(&tensor)?;
        }
        match graph {
            Some(graph) => self.subgraph(&graph, depth + 1),
            None => Ok(()),
        }
    }

    /// A subgraph may use any name of the graphs around it, so each name in it counts as used.
    fn subgraph(&mut self, graph: &[u8], depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(unsupported(format!("graphs nested deeper than {MAX_DEPTH}")));
        }
        for field in Fields::new(graph) {
            self.count_field()?;
            let field = field?;
            match field.number {
                field::INITIALIZER => {
                    self.tensor(field.bytes()?)?;
                    self.note(label(field.bytes()?, tensor::field::NAME), None);
                }
                field::NODE | field::INPUT | field::OUTPUT | field::VALUE_INFO => {
                    self.take_at(field.number, field.bytes()?, depth)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tensor(&mut self, message: &[u8]) -> Result<()> {
        for field in Fields::new(message) {
            if !field.is_ok_and(|field| tensor::is_typed_data(field.number)) {
                self.count_field()?;
            }
        }
        TensorFields::read(message)?.check()
    }

    /// Counts the fields of a message and of the messages in it along `path`.
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

fn join<'a>(joined: &mut Option<Cow<'a, [u8]>>, part: &'a [u8]) {
    match joined {
        None => *joined = Some(Cow::Borrowed(part)),
        Some(joined) => joined.to_mut().extend_from_slice(part),
    }
}

fn node_place(node: &[u8]) -> String {
    match (label(node, 3), label(node, 2)) {
        ("", output) => format!("the node that gives {output:?}"),
        (name, _) => format!("node {name:?}"),
    }
}
