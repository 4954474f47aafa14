//! A model of three nodes, with an initializer of each kind.

use super::protobuf::{INT8, Message, UINT8, join, model, node, tensor, value_info};

pub const INPUT: &str = "input_ids";

/// The nodes around a table `words` (uint8, 4 × 3), a matrix `dense` (int8, 3 × 2) and a bias that stays.
pub fn nodes() -> Message {
    Message::new()
        .message(1, node("Gather", &["words", INPUT], "rows"))
        .message(1, node("MatMulInteger", &["rows", "dense"], "product"))
        .message(1, node("Add", &["product", "bias"], "logit"))
}

pub fn ends() -> Message {
    Message::new().message(11, value_info(INPUT, 7, &[1, 1])).message(12, value_info("logit", 6, &[1, 1, 2]))
}

pub const DENSE: [u8; 6] = [1, 2, 0xff, 64, 0xc0, 0x80];
pub const WORDS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 255];

pub fn dense() -> Message {
    tensor("dense", INT8, &[3, 2], &DENSE)
}

pub fn words() -> Message {
    tensor("words", UINT8, &[4, 3], &WORDS)
}

pub fn bias() -> Message {
    tensor("bias", 6, &[2], &[1, 0, 0, 0, 2, 0, 0, 0])
}

pub fn initializers(dense: Message, words: Message) -> Message {
    Message::new().message(5, words).message(5, dense).message(5, bias())
}

pub fn usual() -> Message {
    model(join(&[nodes(), initializers(dense(), words()), ends()]))
}
