//! A view of a model.

use super::node::{Node, is_standard};
use super::numbers::{graph, model, operator_set, value_info};
use super::tensor::Tensor;
use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::wire::{Field, Fields};

/// A ModelProto.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model<'a> {
    /// The version of ONNX's own operators, 0 if the file names none.
    pub version: i64,
    pub graph: Graph<'a>,
}

/// A GraphProto: that of a model, or a branch of a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph<'a> {
    pub nodes: Vec<Node<'a>>,
    pub initializers: Vec<Tensor<'a>>,
    /// The names of the graph's inputs, then of its outputs.
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    /// For each input, the sizes that its shape gives as numbers; empty without a shape.
    pub input_sizes: Vec<Vec<Option<u64>>>,
}

impl<'a> Model<'a> {
    /// # Errors
    /// `invalid_model` for a damaged message, or one without a graph; those of [`Tensor::read`].
    pub fn read(message: &'a [u8]) -> Result<Self> {
        let mut graph = Graph::default();
        let (mut version, mut has_graph) = (None, false);
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                model::GRAPH => {
                    has_graph = true;
                    graph.take(field.bytes()?)?;
                }
                model::OPERATOR_SET if version.is_none() => version = standard_version(field.bytes()?)?,
                _ => {}
            }
        }
        if !has_graph {
            return Err(invalid("the model holds no graph".to_owned()));
        }
        Ok(Self { version: version.unwrap_or(0), graph })
    }
}

impl<'a> Graph<'a> {
    /// # Errors
    /// `invalid_model` for a damaged message; those of [`Tensor::read`].
    pub fn read(message: &'a [u8]) -> Result<Self> {
        let mut read = Self::default();
        read.take(message)?;
        Ok(read)
    }

    /// Adds the fields of a message. Protobuf merges the parts of a graph.
    fn take(&mut self, message: &'a [u8]) -> Result<()> {
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                graph::NODE => self.nodes.push(Node::read(field.bytes()?)?),
                graph::INITIALIZER => self.initializers.push(Tensor::read(field.bytes()?)?),
                graph::INPUT => {
                    self.inputs.push(value_name(field.bytes()?)?);
                    self.input_sizes.push(value_sizes(field.bytes()?)?);
                }
                graph::OUTPUT => self.outputs.push(value_name(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the version in an OperatorSetIdProto, or `None` for operators other than ONNX's own.
fn standard_version(message: &[u8]) -> Result<Option<i64>> {
    let (mut domain, mut version) = ("", 0);
    for field in Fields::new(message) {
        let field = field?;
        match field.number {
            operator_set::DOMAIN => domain = field.text()?,
            operator_set::VERSION => version = field.varint()? as i64,
            _ => {}
        }
    }
    Ok(is_standard(domain).then_some(version))
}

/// Returns the name in a ValueInfoProto.
///
/// # Errors
/// `invalid_model` for a damaged message.
pub fn value_name(message: &[u8]) -> Result<&str> {
    let mut name = "";
    for field in Fields::new(message) {
        let field = field?;
        if field.number == value_info::NAME {
            name = field.text()?;
        }
    }
    Ok(name)
}

/// Returns the sizes in a ValueInfoProto, `None` for each that has a name or nothing in place of a number.
fn value_sizes(message: &[u8]) -> Result<Vec<Option<u64>>> {
    let mut messages = vec![message];
    for number in [value_info::TYPE, value_info::TYPE_TENSOR, value_info::TENSOR_SHAPE, value_info::SHAPE_DIMENSION] {
        let mut inner = Vec::new();
        for message in messages {
            for field in fields(message, number)? {
                inner.push(field.bytes()?);
            }
        }
        messages = inner;
    }
    let size = |dimension| {
        let numbers = fields(dimension, value_info::DIMENSION_SIZE)?;
        Ok(numbers.iter().map(Field::varint).collect::<Result<Vec<_>>>()?.pop())
    };
    messages.into_iter().map(size).collect()
}

/// Returns the fields of a message that have this number.
fn fields(message: &[u8], number: u32) -> Result<Vec<Field<'_>>> {
    let has_number = |field: &Result<Field<'_>>| field.as_ref().map_or(true, |field| field.number == number);
    Fields::new(message).filter(has_number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::numbers::node;
    use super::*;
    use crate::onnx::wire::{message_of, write_varint_field};

    #[test]
    fn a_model_in_several_parts_is_one_model() {
        let foreign = message_of(&[(operator_set::DOMAIN, b"com.microsoft")]);
        let mut own = message_of(&[(operator_set::DOMAIN, b"ai.onnx")]);
        write_varint_field(&mut own, operator_set::VERSION, 14);
        let node = message_of(&[(node::OPERATOR, b"Abs"), (node::INPUT, b"x"), (node::OUTPUT, b"y")]);
        let output = message_of(&[(value_info::NAME, b"y")]);
        let [first, second] =
            [(graph::NODE, &node), (graph::OUTPUT, &output)].map(|(number, it)| message_of(&[(number, it)]));
        let bytes = message_of(&[
            (model::OPERATOR_SET, &foreign),
            (model::GRAPH, &first),
            (model::OPERATOR_SET, &own),
            (model::GRAPH, &second),
        ]);
        let read = Model::read(&bytes).unwrap();
        assert_eq!((read.version, &read.graph.outputs[..]), (14, &["y"][..]));
        let node = &read.graph.nodes[0];
        assert_eq!((node.operator, &node.inputs[..]), ("Abs", &["x"][..]));
        for cut in 1..bytes.len() {
            // A cut between two fields leaves a model, with or without its second half.
            assert!(
                Model::read(&bytes[..cut]).is_ok_and(|read| read.graph.outputs.is_empty())
                    || Model::read(&bytes[..cut]).is_err()
            );
        }
        assert_eq!(Model::read(&[]).unwrap_err().code(), "invalid_model");
    }
}
