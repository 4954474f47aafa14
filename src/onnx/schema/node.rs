//! Views of nodes and of their attributes.

use std::borrow::Cow;

use super::numbers::{attribute, node};
use crate::error::Result;
use crate::onnx::wire::Fields;

/// A NodeProto.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub name: &'a str,
    pub operator: &'a str,
    pub domain: &'a str,
    pub attributes: Vec<Attribute<'a>>,
}

impl<'a> Node<'a> {
    /// # Errors
    /// `invalid_model` for a damaged message.
    pub fn read(message: &'a [u8]) -> Result<Self> {
        let mut read = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                node::INPUT => read.inputs.push(field.text()?),
                node::OUTPUT => read.outputs.push(field.text()?),
                node::NAME => read.name = field.text()?,
                node::OPERATOR => read.operator = field.text()?,
                node::ATTRIBUTE => read.attributes.push(Attribute::read(field.bytes()?)?),
                node::DOMAIN => read.domain = field.text()?,
                _ => {}
            }
        }
        Ok(read)
    }

    /// Returns true for an operator that ONNX itself defines.
    pub fn is_standard(&self) -> bool {
        is_standard(self.domain)
    }

    pub fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// An AttributeProto. Protobuf merges several occurrences of a message field that is not repeated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attribute<'a> {
    pub name: &'a str,
    pub float: Option<f32>,
    pub integer: Option<i64>,
    pub text: Option<&'a [u8]>,
    /// A TensorProto.
    pub tensor: Option<Cow<'a, [u8]>>,
    /// A GraphProto.
    pub graph: Option<Cow<'a, [u8]>>,
    pub floats: Vec<f32>,
    pub integers: Vec<i64>,
    pub tensors: Vec<&'a [u8]>,
    pub graphs: Vec<&'a [u8]>,
}

impl<'a> Attribute<'a> {
    /// # Errors
    /// `invalid_model` for a damaged message.
    pub fn read(message: &'a [u8]) -> Result<Self> {
        let mut read = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                attribute::NAME => read.name = field.text()?,
                attribute::FLOAT => read.float = Some(f32::from_bits(field.fixed32()?)),
                attribute::INTEGER => read.integer = Some(field.varint()? as i64),
                attribute::TEXT => read.text = Some(field.bytes()?),
                attribute::TENSOR => join(&mut read.tensor, field.bytes()?),
                attribute::GRAPH => join(&mut read.graph, field.bytes()?),
                attribute::FLOATS => {
                    read.floats.extend(field.fixed()?.iter().map(|&number| f32::from_le_bytes(number)))
                }
                attribute::INTEGERS => {
                    for number in field.varints()? {
                        read.integers.push(number? as i64);
                    }
                }
                attribute::TENSORS => read.tensors.push(field.bytes()?),
                attribute::GRAPHS => read.graphs.push(field.bytes()?),
                _ => {}
            }
        }
        Ok(read)
    }
}

/// Returns true for the domain of the operators that ONNX itself defines.
pub fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

fn join<'a>(joined: &mut Option<Cow<'a, [u8]>>, part: &'a [u8]) {
    match joined {
        None => *joined = Some(Cow::Borrowed(part)),
        Some(joined) => joined.to_mut().extend_from_slice(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::wire::{message_of, write_bytes_field, write_varint_field};

    #[test]
    fn an_attribute_holds_what_was_written() {
        let mut bytes =
            message_of(&[(attribute::NAME, b"value"), (attribute::TENSOR, &[1, 2]), (attribute::TENSOR, &[3])]);
        write_varint_field(&mut bytes, attribute::INTEGER, -5i64 as u64);
        write_varint_field(&mut bytes, attribute::INTEGERS, 7);
        write_bytes_field(&mut bytes, attribute::INTEGERS, &[8, 9]);
        write_bytes_field(&mut bytes, attribute::FLOATS, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
        let read = Attribute::read(&bytes).unwrap();
        assert_eq!((read.name, read.integer, read.float), ("value", Some(-5), None));
        assert_eq!((&read.integers[..], &read.floats[..]), (&[7, 8, 9][..], &[1.0, 2.0][..]));
        assert_eq!(read.tensor.as_deref(), Some(&[1, 2, 3][..]));
        for (number, value) in
            [(attribute::NAME, &[0xff][..]), (attribute::INTEGER, b"text"), (attribute::FLOATS, &[0; 5])]
        {
            assert_eq!(
                Attribute::read(&message_of(&[(number, value)])).unwrap_err().code(),
                "invalid_model",
                "{number}"
            );
        }
    }
}
