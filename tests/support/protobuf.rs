//! A writer of small ONNX files, well-formed or not. Each function appends a field to a message.

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

pub fn model(graph: Message) -> Message {
    Message::new().varint(1, 6).message(7, graph).message(8, Message::new().varint(2, 11))
}

pub fn join(parts: &[Message]) -> Message {
    Message(parts.iter().flat_map(|part| part.0.clone()).collect())
}
