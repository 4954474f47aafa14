//! The parser of ONNX files allocates memory for received bytes, never for sizes that a file claims. It never panics.

#[path = "support/allocations.rs"]
mod allocations;
mod support;

use allocations::measured;
use rerank_wasm::onnx::{ExternalReader, Parsed, Parser};
use support::protobuf::{INT8, Message, UINT8, join, model, node, tensor};
use support::small_model::{DENSE, dense, ends, initializers, nodes, usual, words};
use support::{Random, parse, read};

/// Returns the budget of memory for a file of `length` bytes. Names and the padding of tiny matrices take a multiple
/// of their bytes.
fn allowed(length: usize) -> usize {
    16 * length + (16 << 10)
}

/// Changes up to four places of the file and keeps some of its structure.
fn damage(file: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let position = random.below(file.len());
        let end = (position + 1 + random.below(24)).min(file.len());
        match random.below(6) {
            0 => file[position] ^= 1 << random.below(8),
            1 => file[position] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => drop(file.drain(position..end)),
            3 => file.extend_from_within(position..end),
            4 => {
                let part = file[position..end].to_vec();
                let target = random.below(file.len());
                file.splice(target..target, part);
            }
            _ => file.truncate(position.max(1)),
        }
        if file.is_empty() {
            file.push(0);
        }
    }
}

#[test]
fn random_damage_gives_a_model_or_an_error_in_bounded_memory() {
    let mut random = Random(1);
    let late = model(join(&[initializers(dense(), words()), ends(), nodes()]));
    let typed = Message::new().packed(1, &[3, 2]).varint(2, INT8).text(8, "dense").packed(5, &[1, 2, 3, 4, 5, 6]);
    let typed = model(join(&[nodes(), initializers(typed, words()), ends()]));
    let (mut sound, mut refused) = (0, 0);
    for (file, rounds) in [(usual().0, 10_000), (late.0, 5_000), (typed.0, 5_000), (read(support::TINY), 500)] {
        for _ in 0..rounds {
            let mut damaged = file.clone();
            damage(&mut damaged, &mut random);
            let most = 1 + random.below(damaged.len().min(5000));
            let chunks = random.chunks(&damaged, most);
            let size = [None, Some(damaged.len() as u64)][random.below(2)];
            let (result, memory) = measured(|| parse(size, chunks.iter().copied()));
            assert!(memory <= allowed(damaged.len()), "{memory} bytes for a file of {}", damaged.len());
            match result {
                Ok(_) => sound += 1,
                Err(error) => {
                    assert!(["invalid_model", "unsupported_model"].contains(&error.code()), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{sound} sound, {refused} refused");
    assert!(sound > 100 && refused > 1000);
}

#[test]
fn a_claimed_length_takes_no_memory() {
    let head = |name: &str, data_type: u64| {
        Message::new().varint(1, 1 << 16).varint(1, 1 << 16).varint(2, data_type).text(8, name)
    };
    let length = 1 << 32;
    for (what, field) in [
        ("a matrix", head("dense", INT8).claims(9, length)),
        ("a table", head("words", UINT8).claims(9, length)),
        ("a tensor that stays", head("other", INT8).claims(9, length)),
        ("packed values", head("dense", INT8).claims(5, length)),
        ("a name", Message::new().claims(8, length)),
    ] {
        let graph = join(&[nodes(), Message::new().claims(5, length + 100), field]);
        let file = Message::new().claims(7, length + 1000).raw(&graph.0).raw(&DENSE);
        // An announced size below the claim has the same effect as none.
        for size in [None, Some(length), Some(file.0.len() as u64)] {
            let (result, memory) = measured(|| parse(size, [&*file.0]));
            assert_eq!(result.map(drop).unwrap_err().code(), "invalid_model", "{what}");
            assert!(memory <= allowed(file.0.len()), "{what}: {memory} bytes");
        }
    }
}

#[test]
fn a_size_that_no_memory_is_left_for_is_out_of_memory() {
    let length = 1 << 60;
    let head = Message::new().varint(1, 1 << 30).varint(1, 1 << 30).varint(2, UINT8).text(8, "words");
    for tensor in [head.claims(9, length), Message::new().text(8, "other").claims(9, length)] {
        let graph = join(&[nodes(), Message::new().claims(5, length + 100), tensor]);
        let file = Message::new().claims(7, length + 1000).raw(&graph.0);
        let mut parser = Parser::new(Some(1 << 62));
        assert_eq!(parser.push(&file.0).unwrap_err().code(), "out_of_memory");
    }
}

#[test]
fn a_known_size_costs_no_second_copy() {
    let (rows, columns) = (3000, 1000);
    let table = tensor("words", UINT8, &[rows, columns], &vec![7; 3_000_000]);
    let matrix = tensor("dense", INT8, &[rows, columns], &vec![7; 3_000_000]);
    let stays = tensor("bias", 1, &[rows, columns / 4], &vec![0; 3_000_000]);
    let initializers = Message::new().message(5, table).message(5, matrix).message(5, stays);
    let file = model(join(&[nodes(), initializers, ends()])).0;
    let (result, memory) = measured(|| parse(Some(file.len() as u64), file.chunks(1 << 16)));
    assert_eq!(result.unwrap().weights.len(), 2);
    assert!(memory <= file.len() + file.len() / 50, "{memory} bytes for a file of {}", file.len());
}

/// An initializer with its data in the file `weights`.
fn external(name: &str, data_type: u64, dims: [u64; 2], offset: u64) -> Message {
    let entry = |key, value: &str| Message::new().text(1, key).text(2, value);
    let tensor = dims.iter().fold(Message::new(), |tensor, &size| tensor.varint(1, size));
    let place = tensor.varint(2, data_type).text(8, name).message(13, entry("location", "weights"));
    place.message(13, entry("offset", &offset.to_string())).varint(14, 1)
}

/// The graph and the place of three tensors of `bytes` each in another file.
fn with_weights_beside(dims: [u64; 2], bytes: u64) -> Box<ExternalReader> {
    let [rows, columns] = dims;
    let initializers = Message::new()
        .message(5, external("words", UINT8, dims, 0))
        .message(5, external("dense", INT8, dims, bytes))
        .message(5, external("bias", 1, [rows, columns / 4], 2 * bytes));
    let file = model(join(&[nodes(), initializers, ends()])).0;
    let mut parser = Parser::new(None);
    parser.push(&file).unwrap();
    match parser.finish_file().unwrap() {
        Parsed::Graph(reader) => reader,
        Parsed::Model(_) => panic!("the weights are in another file"),
    }
}

#[test]
fn weights_in_another_file_of_known_size_cost_no_second_copy() {
    let data = vec![7; 9_000_000];
    for (size, likely_size) in [(Some(9_000_000), None), (None, Some(9_000_000))] {
        let mut reader = with_weights_beside([3000, 1000], 3_000_000);
        let (model, memory) = measured(|| {
            reader.begin(size, likely_size).unwrap();
            data.chunks(1 << 16).for_each(|chunk| reader.push(chunk).unwrap());
            reader.end().unwrap();
            reader.finish().unwrap()
        });
        assert_eq!(model.weights.len(), 2);
        assert!(memory <= data.len() + data.len() / 30, "{memory} bytes for a file of {}", data.len());
    }
}

#[test]
fn claimed_weights_in_another_file_take_no_memory() {
    let mut reader = with_weights_beside([1 << 30, 1 << 30], 1 << 60);
    for likely_size in [None, Some(1000)] {
        let (ended, memory) = measured(|| {
            reader.begin(None, likely_size).unwrap();
            reader.push(&[7; 1000]).unwrap();
            reader.end()
        });
        assert_eq!(ended.unwrap_err().code(), "invalid_model");
        assert!(memory <= 1 << 18, "{memory} bytes");
        reader.rewind();
    }
    assert_eq!(reader.begin(Some(1 << 61), None).unwrap_err().code(), "invalid_model");
    assert_eq!(reader.begin(Some(1 << 62), None).unwrap_err().code(), "out_of_memory");
}

/// An empty message has two bytes, for which a decoder takes hundreds.
#[test]
fn a_file_of_countless_empty_messages_is_unsupported() {
    let many = |field: u8| [field, 0].repeat(300_000);
    let node = node("Add", &["rows"], "sum").raw(&many(0x2a));
    for (what, graph) in [
        ("nodes", Message::new().raw(&many(0x0a))),
        ("attributes", Message::new().message(1, node)),
        ("inputs of a node", Message::new().bytes(1, &many(0x0a))),
        ("value infos", Message::new().raw(&many(0x6a))),
        ("fields of an initializer", Message::new().bytes(5, &many(0x62))),
    ] {
        let file = model(graph).0;
        let (result, memory) = measured(|| parse(None, file.chunks(1 << 16)));
        assert_eq!(result.map(drop).unwrap_err().code(), "unsupported_model", "{what}");
        assert!(memory <= 128 * file.len(), "{what}: {memory} bytes");
    }
    let file = model(Message::new()).raw(&many(0x72)).0;
    assert_eq!(parse(None, [&*file]).map(drop).unwrap_err().code(), "unsupported_model");
}
