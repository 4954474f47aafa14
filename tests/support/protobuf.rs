//! A writer of small ONNX files, well-formed or not. Each function appends a field to a message.

use std::collections::BTreeSet;

/// Data types of ONNX.
pub const UINT8: u64 = 2;
pub const INT8: u64 = 3;

#[derive(Debug, Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn new() -> Self {
        Self::default()
    }

    fn write(mut self, mut value: u64) -> Self {
        while value >= 128 {
            self.0.push((value % 128) as u8 + 128);
            value /= 128;
        }
        self.0.push(value as u8);
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub fn varint(self, number: u64, value: u64) -> Self {
        self.write(number * 8).write(value)
    }

    pub fn bytes(self, number: u64, bytes: &[u8]) -> Self {
        self.write(number * 8 + 2).write(bytes.len() as u64).raw(bytes)
    }

    pub fn text(self, number: u64, text: &str) -> Self {
        self.bytes(number, text.as_bytes())
    }

    pub fn message(self, number: u64, message: Message) -> Self {
        self.bytes(number, &message.0)
    }

    pub fn packed(self, number: u64, values: &[u64]) -> Self {
        let values = values.iter().fold(Self::new(), |values, &value| values.write(value));
        self.message(number, values)
    }

    /// Appends a field of bytes that claims more bytes than it has.
    pub fn claims(self, number: u64, length: u64) -> Self {
        self.write(number * 8 + 2).write(length)
    }

    /// Appends a further output of a node.
    pub fn output(self, name: &str) -> Self {
        self.text(2, name)
    }

    /// Appends an attribute of a node. `value` is its message without the name.
    fn attribute(self, name: &str, value: Message) -> Self {
        self.message(5, Self::new().text(1, name).raw(&value.0))
    }

    pub fn integer(self, name: &str, value: i64) -> Self {
        self.attribute(name, Self::new().varint(3, value as u64))
    }

    pub fn integers(self, name: &str, values: &[i64]) -> Self {
        self.attribute(name, values.iter().fold(Self::new(), |list, &value| list.varint(8, value as u64)))
    }

    pub fn float(self, name: &str, value: f32) -> Self {
        self.attribute(name, Self::new().write(2 * 8 + 5).raw(&value.to_le_bytes()))
    }

    pub fn string(self, name: &str, bytes: &[u8]) -> Self {
        self.attribute(name, Self::new().bytes(4, bytes))
    }

    pub fn tensor(self, name: &str, tensor: Message) -> Self {
        self.attribute(name, Self::new().message(5, tensor))
    }

    pub fn graph(self, name: &str, graph: Message) -> Self {
        self.attribute(name, Self::new().message(6, graph))
    }
}

pub fn node(operator: &str, inputs: &[&str], output: &str) -> Message {
    let inputs = inputs.iter().fold(Message::new(), |node, input| node.text(1, input));
    inputs.text(2, output).text(3, &format!("{output}_node")).text(4, operator)
}

pub fn value_info(name: &str, elem_type: u64, dims: &[u64]) -> Message {
    let shape = dims.iter().fold(Message::new(), |shape, &size| shape.message(1, Message::new().varint(1, size)));
    let tensor = Message::new().varint(1, elem_type).message(2, shape);
    Message::new().text(1, name).message(2, Message::new().message(1, tensor))
}

pub fn tensor(name: &str, data_type: u64, dims: &[u64], raw: &[u8]) -> Message {
    dims.iter()
        .fold(Message::new(), |tensor, &size| tensor.varint(1, size))
        .varint(2, data_type)
        .text(8, name)
        .bytes(9, raw)
}

/// A tensor that its name describes, such as `i64[2]=1,-1`: its type, its shape and its numbers. They repeat until it
/// is full; without any it holds zeros.
pub fn described(name: &str) -> Message {
    let (description, numbers) = name.split_once('=').unwrap_or((name, "0"));
    let (kind, dims) = description.strip_suffix(']').unwrap().split_once('[').unwrap();
    let dims: Vec<u64> = dims.split(',').filter(|size| !size.is_empty()).map(|size| size.parse().unwrap()).collect();
    let count = dims.iter().product::<u64>() as usize;
    let bytes_of: fn(&str) -> Vec<u8> = match kind {
        "f32" => |number| number.parse::<f32>().unwrap().to_le_bytes().to_vec(),
        "i64" => |number| number.parse::<i64>().unwrap().to_le_bytes().to_vec(),
        "i8" => |number| number.parse::<i8>().unwrap().to_le_bytes().to_vec(),
        "u8" | "bool" => |number| vec![number.parse().unwrap()],
        _ => panic!("{name}"),
    };
    let data_type = match kind {
        "f32" => 1,
        "u8" => UINT8,
        "i8" => INT8,
        "i64" => 7,
        _ => 9,
    };
    let raw: Vec<u8> = numbers.split(',').cycle().take(count).flat_map(bytes_of).collect();
    tensor(name, data_type, &dims, &raw)
}

/// The names that a node reads. They come first in it, and each has at most 127 bytes.
fn inputs(node: &Message) -> Vec<&str> {
    let (mut names, mut rest) = (Vec::new(), &node.0[..]);
    while let [0x0a, length, after @ ..] = rest {
        let (name, after) = after.split_at(usize::from(*length));
        names.push(std::str::from_utf8(name).unwrap());
        rest = after;
    }
    names
}

/// A graph with these inputs and nodes, and the output y. Its initializers are the tensors that inputs of the nodes
/// describe.
pub fn graph_of(inputs_of_graph: &[(&str, &[u64])], nodes: &[Message]) -> Message {
    let tensors: BTreeSet<&str> = nodes.iter().flat_map(inputs).filter(|name| name.contains('[')).collect();
    let graph = nodes.iter().cloned().fold(Message::new(), |graph, node| graph.message(1, node));
    let graph = tensors.into_iter().fold(graph, |graph, name| graph.message(5, described(name)));
    let graph = inputs_of_graph.iter().fold(graph, |graph, (name, dims)| graph.message(11, value_info(name, 7, dims)));
    graph.message(12, value_info("y", 1, &[]))
}

pub fn model(graph: Message) -> Message {
    model_of_version(11, graph)
}

/// A model with this version of ONNX's operators.
pub fn model_of_version(version: u64, graph: Message) -> Message {
    Message::new().varint(1, 6).message(7, graph).message(8, Message::new().varint(2, version))
}

pub fn join(parts: &[Message]) -> Message {
    Message(parts.iter().flat_map(|part| part.0.clone()).collect())
}
