//! The parser of ONNX files yields the same model for all chunks and all orders of fields, and an error for an unsound
//! file.

mod support;

use rerank_wasm::error::{Error, Result};
use rerank_wasm::graph::{Encoder, TokenSequence};
use rerank_wasm::onnx::{OnnxModel, Parser, Weight};
use support::protobuf::{INT8, Message, UINT8, join, model, node, tensor, value_info};
use support::small_model::{DENSE, INPUT, dense, ends, initializers, nodes, usual, words};
use support::{Random, TINY, logit, parse, read};

const MINI: &str = "pkg/mini/onnx/model_quantized.onnx";

fn refusal(file: &[u8]) -> Error {
    parse(None, [file]).expect_err("it must be refused")
}

fn code(file: Message) -> &'static str {
    refusal(&file.0).code()
}

fn logits(model: OnnxModel) -> Vec<u32> {
    let graph = Encoder::from_onnx_with(model, &[]).unwrap();
    [5, 30]
        .into_iter()
        .map(|length| {
            let ids = (0..length).map(|id| id * 31).collect();
            let type_ids = vec![0; length as usize];
            graph.logit(&TokenSequence { ids, type_ids }).unwrap().to_bits()
        })
        .collect()
}

#[test]
fn a_model_is_the_same_however_it_is_cut() {
    let mut random = Random(1);
    for (path, splits) in [(TINY, &[1, 2, 5, 21, 300, 5000, 100_000][..]), (MINI, &[2000, 1 << 20, 5 << 20])] {
        let file = read(path);
        let whole = parse(None, [&*file]).unwrap();
        for &most in splits {
            for size in [None, Some(file.len() as u64)] {
                let model = parse(size, random.chunks(&file, most)).unwrap();
                assert!(model == whole, "{path} in chunks of up to {most} bytes");
            }
        }
        let by_bytes = parse(None, file.chunks(1)).unwrap();
        assert!(by_bytes == whole);
        assert_eq!(logits(by_bytes), logits(whole));
    }
}

#[test]
fn the_matrices_and_tables_of_the_fixtures_are_in_the_store() {
    for (path, matrices, columns) in [(TINY, 14, 64), (MINI, 56, 384)] {
        let model = parse(None, [&*read(path)]).unwrap();
        let found = model.weights.iter().filter(|(_, weight)| matches!(weight, Weight::Matrix { .. })).count();
        assert_eq!((found, model.weights.len()), (matrices, matrices + 3), "{path}");
        assert!(model.weights.iter().all(|(_, weight)| weight.unsigned() == matches!(weight, Weight::Table(_))));
        let Some(Weight::Table(table)) = model.weights.get("roberta.embeddings.position_embeddings.weight_quantized")
        else {
            panic!("{path} has no table of positions")
        };
        assert_eq!((table.rows(), table.columns(), table.row(513).len()), (514, columns, columns));
    }
}

/// The graphs of static quantisation make floats of a weight before they read it.
#[test]
fn weights_that_become_floats_are_in_the_store() {
    for name in ["bert-static-all", "bert-static-channel"] {
        let model = parse(None, [&*read(&format!("tests/fixtures/forms/{name}.onnx"))]).unwrap();
        let matrices = model.weights.iter().filter(|(_, weight)| matches!(weight, Weight::Matrix { .. })).count();
        assert_eq!((matrices, model.weights.len() - matrices), (12, 3), "{name}");
    }
    let floats = |output| Message::new().message(1, node("DequantizeLinear", &["dense", "scale"], output));
    let product = |weights: &str| Message::new().message(1, node("MatMul", &["rows", weights], "product"));
    for (what, nodes, expected) in [
        ("a product", [floats("floats"), product("floats")], 1),
        ("an unused product", [floats("floats"), product("others")], 0),
        ("floats twice", [join(&[floats("floats"), floats("others")]), product("floats")], 0),
        ("another use", [join(&[floats("floats"), product("floats")]), product("dense")], 0),
        ("floats of floats", [floats("dense"), product("dense")], 0),
    ] {
        for order in [[0, 1], [1, 0]] {
            let graph = join(
                &[order.map(|index| nodes[index].clone()).to_vec(), vec![initializers(dense(), words()), ends()]]
                    .concat(),
            );
            let model = parse(None, [&*model(graph).0]).unwrap();
            let found = model.weights.names().filter(|name| *name == "dense").count();
            assert_eq!(found, expected, "{what}");
        }
    }
}

#[test]
fn every_prefix_is_refused() {
    let file = read(TINY);
    // Only metadata follows the operator sets, so a file without it is sound.
    let without_metadata = file.len() - 33;
    for step in [997, 411] {
        for cut in (0..file.len()).step_by(step).chain(file.len() - 64..file.len()) {
            let prefix = &file[..cut];
            let code = |size| parse(size, [prefix]).map(drop).map_err(|error| error.code());
            assert_eq!(code(Some(file.len() as u64)), Err("invalid_model"), "{cut} bytes");
            if cut == without_metadata {
                assert_eq!(code(None), Ok(()));
            } else {
                assert_eq!(code(None), Err("invalid_model"), "{cut} bytes");
            }
        }
    }
}

#[test]
fn a_foreign_file_is_not_an_onnx_file() {
    for bytes in [&b"<!doctype html><html></html>"[..], b"{\"error\": \"no\"}", b"version https://git-lfs", &[0; 9]] {
        let error = refusal(bytes);
        assert_eq!(error.code(), "invalid_model");
        assert!(error.to_string().contains("the file is not an ONNX file: "), "{error}");
    }
    let text = |bytes: &[u8]| refusal(bytes).to_string();
    assert_eq!(text(b""), "model file: the file is empty; an ONNX file was expected; replace it with a sound copy");
    assert_eq!(
        text(&Message::new().varint(1, 6).0),
        "model file: the file is not an ONNX file: it holds no graph; replace it with a sound copy"
    );
}

fn assert_usual(file: &Message, what: &str) {
    let usual = parse(None, [&*usual().0]).unwrap();
    assert_eq!(usual.weights.len(), 2);
    for size in [None, Some(file.0.len() as u64)] {
        for chunk in [1, 7, file.0.len()] {
            let model = parse(size, file.0.chunks(chunk)).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(model.weights == usual.weights, "{what}");
            assert_eq!(outline(&model.graph), outline(&usual.graph), "{what}");
        }
    }
}

/// Returns the graph's fields, sorted, without unknown ones.
fn outline(model: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut outline: Vec<(u64, Vec<u8>)> =
        fields(model).into_iter().filter(|(number, _)| *number == 7).flat_map(|(_, graph)| fields(&graph)).collect();
    outline.retain(|(number, _)| [1, 5, 11, 12].contains(number));
    for (_, bytes) in outline.iter_mut().filter(|(number, _)| *number == 5) {
        let mut tensor = fields(bytes);
        tensor.sort_by_key(|(number, _)| *number);
        *bytes = tensor.into_iter().flat_map(|(number, bytes)| [vec![number as u8], bytes].concat()).collect();
    }
    outline.sort();
    outline
}

/// Returns numbers and values of the fields of a message, with each varint as 8 bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let length = message.iter().position(|byte| *byte < 128).unwrap() + 1;
        let (varint, rest) = message.split_at(length);
        *message = rest;
        varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 127))
    }
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let length = match key % 8 {
            0 => {
                fields.push((key / 8, varint(&mut message).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            _ => 4,
        };
        let (value, rest) = message.split_at(length);
        fields.push((key / 8, value.to_vec()));
        message = rest;
    }
    fields
}

#[test]
fn the_usual_order_gives_weights_and_typed_inputs() {
    let mut model = parse(None, [&*usual().0]).unwrap();
    assert_eq!(model.weights.names().collect::<Vec<_>>(), ["dense", "words"]);
    let graph = outline(&model.graph);
    assert!(graph.contains(&(11, value_info("dense", INT8, &[3, 2]).0)));
    assert!(graph.contains(&(11, value_info("words", UINT8, &[4, 3]).0)));
    assert_eq!(graph.iter().filter(|(number, _)| *number == 5).count(), 1);
    let Some(Weight::Matrix { packed, unsigned: false }) = model.weights.take("dense") else { panic!() };
    assert_eq!((packed.weight(0, 1), packed.weight(1, 0), packed.weight(2, 1)), (2, -1, -128));
    let Some(Weight::Table(table)) = model.weights.take("words") else { panic!() };
    assert_eq!((table.row(3), table.unsigned()), (&[9, 200, 255][..], true));
    assert!(model.weights.is_empty() && model.weights.take("words").is_none());
}

#[test]
fn every_order_of_the_graphs_fields_gives_the_same_model() {
    let parts = [nodes(), initializers(dense(), words()), ends()];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let graph = join(&order.map(|part| parts[part].clone()));
        assert_usual(&model(graph), &format!("{order:?}"));
        let mut split = Message::new();
        for part in order {
            split = split.message(7, parts[part].clone());
        }
        assert_usual(&split.clone().message(8, Message::new().varint(2, 11)), &format!("{order:?}, split"));
        assert_usual(&join(&[Message::new().message(8, Message::new()), split]), &format!("{order:?}, after"));
    }
}

#[test]
fn every_order_and_form_of_a_tensors_fields_gives_the_same_model() {
    let parts = [
        Message::new().varint(1, 3).varint(1, 2),
        Message::new().varint(2, INT8),
        Message::new().text(8, "dense"),
        Message::new().bytes(9, &DENSE),
    ];
    for index in 0..256 {
        let order = [index / 64, index / 16 % 4, index / 4 % 4, index % 4];
        if (0..4).all(|part| order.contains(&part)) {
            let dense = join(&order.map(|part| parts[part].clone()));
            assert_usual(&model(join(&[nodes(), initializers(dense, words()), ends()])), &format!("{order:?}"));
        }
    }
    let values: Vec<u64> = DENSE.iter().map(|&byte| byte as i8 as u64).collect();
    let head = Message::new().packed(1, &[3, 2]).varint(2, INT8).text(8, "dense");
    let unpacked = values.iter().fold(head.clone(), |tensor, &value| tensor.varint(5, value));
    for (what, dense) in [
        ("packed dims", head.clone().bytes(9, &DENSE)),
        (
            "dims in two forms",
            Message::new().packed(1, &[3]).varint(1, 2).varint(2, INT8).text(8, "dense").bytes(9, &DENSE),
        ),
        ("packed values", head.clone().packed(5, &values)),
        ("values one by one", unpacked),
        ("values in two parts", head.clone().packed(5, &values[..2]).packed(5, &values[2..])),
        ("values first", Message::new().packed(5, &values).raw(&head.0)),
        ("data location", dense().varint(14, 0)),
        ("documentation", dense().text(12, "weights")),
        ("raw data twice", head.clone().bytes(9, &[1; 6]).bytes(9, &DENSE)),
        ("raw data of another length first", head.clone().bytes(9, &[1; 5]).bytes(9, &DENSE)),
        ("name twice", Message::new().text(8, "words").raw(&dense().0)),
        ("another name behind", tensor("bias", INT8, &[3, 2], &DENSE).text(8, "dense")),
        ("a name behind that takes the role away", tensor("words", INT8, &[3, 2], &DENSE).text(8, "dense")),
        ("empty values beside raw data", head.clone().bytes(5, &[]).bytes(9, &DENSE)),
        ("empty values behind raw data", head.clone().bytes(9, &DENSE).bytes(5, &[])),
    ] {
        let file = model(join(&[nodes(), initializers(dense, words()), ends()]));
        assert_usual(&file, what);
    }
}

#[test]
fn unknown_fields_change_nothing() {
    let unknown = || {
        let fixed = Message::new().raw(&[0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]).raw(&[0xa5, 0x06, 1, 2, 3, 4]);
        fixed.varint(100, u64::MAX).text(100, "unknown")
    };
    let wrapped = |part: Message| join(&[unknown(), part, unknown()]);
    let graph = |dense| wrapped(join(&[nodes(), unknown(), initializers(dense, words()), ends()]));
    assert_usual(&wrapped(model(graph(dense()))), "around");
    assert_usual(&model(graph(wrapped(dense()))), "in the tensor");
}

#[test]
fn an_initializer_with_any_other_use_stays_in_the_graph() {
    let subgraph = Message::new().message(1, node("Identity", &["dense"], "other"));
    let branch = Message::new().text(1, "then_branch").message(6, subgraph).varint(20, 5);
    for (what, extra) in [
        ("another consumer", Message::new().message(1, node("Cast", &["dense"], "other"))),
        ("another role", Message::new().message(1, node("Gather", &["dense", INPUT], "other"))),
        ("another operand", Message::new().message(1, node("MatMulInteger", &["dense", "dense"], "other"))),
        ("a subgraph", Message::new().message(1, node("If", &[INPUT], "other").message(5, branch))),
        ("a graph output", Message::new().message(12, value_info("dense", INT8, &[3, 2]))),
        ("a graph input", Message::new().message(11, value_info("dense", INT8, &[3, 2]))),
        (
            "another domain",
            Message::new().message(1, node("MatMulInteger", &["rows", "dense"], "other").text(7, "com.example")),
        ),
    ] {
        for (place, parts) in [
            ("before", [extra.clone(), nodes(), initializers(dense(), words()), ends()]),
            ("behind", [nodes(), initializers(dense(), words()), extra, ends()]),
        ] {
            let file = model(join(&parts));
            for chunk in [1, file.0.len()] {
                let model = parse(None, file.0.chunks(chunk)).unwrap();
                assert_eq!(model.weights.names().collect::<Vec<_>>(), ["words"], "{what} {place}");
                let mut expected = fields(&dense().0);
                expected.sort_by_key(|(number, _)| *number);
                let expected: Vec<u8> =
                    expected.into_iter().flat_map(|(number, bytes)| [vec![number as u8], bytes].concat()).collect();
                assert!(outline(&model.graph).contains(&(5, expected)), "{what} {place}");
            }
        }
    }
}

#[test]
fn a_tensor_of_another_shape_or_type_stays_in_the_graph() {
    for dense in [
        tensor("dense", INT8, &[1, 3, 2], &DENSE),
        tensor("dense", INT8, &[6], &DENSE),
        tensor("dense", INT8, &[0, 2], &[]),
        tensor("dense", 1, &[1, 2], &[0; 8]),
    ] {
        let model = parse(None, [&*model(join(&[nodes(), initializers(dense, words()), ends()])).0]).unwrap();
        assert_eq!(model.weights.names().collect::<Vec<_>>(), ["words"]);
    }
}

#[test]
fn an_unsigned_matrix_is_packed_as_its_distance_from_128() {
    let raw = [0, 127, 128, 129, 255, 192];
    let file = model(join(&[nodes(), initializers(tensor("dense", UINT8, &[3, 2], &raw), words()), ends()]));
    for chunk in [1, 4, file.0.len()] {
        let mut model = parse(None, file.0.chunks(chunk)).unwrap();
        let weight = model.weights.take("dense").unwrap();
        assert!(weight.unsigned());
        let Weight::Matrix { packed, .. } = &weight else { panic!() };
        let weights: Vec<i32> = (0..6).map(|index| packed.weight(index / 2, index % 2)).collect();
        assert_eq!(weights, [-128, -1, 0, 1, 127, 64]);
        assert_eq!(weight.into_raw_data(), raw);
    }
}

#[test]
fn damaged_tensors_are_refused_by_name() {
    let head = Message::new().varint(1, 3).varint(1, 2).varint(2, INT8).text(8, "dense");
    for (what, dense, code) in [
        ("too little data", tensor("dense", INT8, &[3, 2], &DENSE[..5]), "invalid_model"),
        ("no data", head.clone(), "invalid_model"),
        ("a negative dimension", tensor("dense", INT8, &[u64::MAX - 2, 2], &DENSE), "invalid_model"),
        ("an overflowing shape", tensor("dense", INT8, &[1 << 32, 1 << 32], &DENSE), "invalid_model"),
        ("dims behind the data", dense().varint(1, 2), "invalid_model"),
        ("both kinds of data", dense().packed(5, &[1; 6]), "invalid_model"),
        ("both kinds, raw behind", head.clone().packed(5, &[1; 6]).bytes(9, &DENSE), "invalid_model"),
        ("values of another type", head.clone().packed(7, &[1; 6]), "invalid_model"),
        ("values that are not 8 bits", head.clone().packed(5, &[1, 2, 3, 4, 5, 300]), "invalid_model"),
        ("an unknown type", tensor("dense", 77, &[3, 2], &DENSE), "invalid_model"),
        ("a number of 11 bytes", head.clone().raw(&[0x28]).raw(&[0xff; 10]).raw(&[1]), "invalid_model"),
        ("more bytes than it has", head.clone().claims(9, 7).raw(&DENSE), "invalid_model"),
        ("more bytes than there are", head.clone().claims(9, u64::MAX).raw(&DENSE), "invalid_model"),
        ("a group", dense().raw(&[0x1b, 0x1c]), "invalid_model"),
        ("data in a file without a name", head.clone().varint(14, 1), "invalid_model"),
        ("data in a file without a name, behind its own", dense().varint(14, 1), "invalid_model"),
        ("where data is", head.clone().message(13, Message::new().text(1, "location")), "unsupported_model"),
        ("strings", tensor("dense", 8, &[1], &[]).bytes(6, b"a"), "unsupported_model"),
        ("its own name again", dense(), ""),
    ] {
        let again = if code.is_empty() { Message::new().message(5, words()) } else { Message::new() };
        let file = model(join(&[nodes(), initializers(dense, words()), again, ends()]));
        let error = refusal(&file.0);
        let (code, name) = if code.is_empty() { ("invalid_model", "\"words\"") } else { (code, "\"dense\"") };
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(error.to_string().contains(name), "{what}: {error}");
    }
}

#[test]
fn damaged_nodes_are_refused_by_name() {
    let with = |attribute: Message| node("Constant", &[], "constant").message(5, attribute);
    let short = tensor("", 1, &[3], &[0; 8]);
    let parts = Message::new()
        .text(1, "value")
        .message(5, tensor("", INT8, &[2], &[]))
        .message(5, Message::new().bytes(9, &[1, 2]));
    parse(
        None,
        [&*model(join(&[Message::new().message(1, with(parts)), nodes(), initializers(dense(), words()), ends()])).0],
    )
    .expect("a tensor in two parts is one tensor");
    let mut deep = Message::new();
    for _ in 0..20 {
        let attribute = Message::new().message(6, deep);
        deep = Message::new().message(1, node("If", &[], "inner").message(5, attribute));
    }
    for (what, node, code) in [
        ("a short constant", with(Message::new().message(5, short.clone())), "invalid_model"),
        ("a short constant in a list", with(Message::new().message(10, short.clone())), "invalid_model"),
        (
            "a short initializer in a subgraph",
            with(Message::new().message(6, Message::new().message(5, short))),
            "invalid_model",
        ),
        ("an input that is no text", Message::new().bytes(1, &[0xff]).text(3, "constant_node"), "invalid_model"),
        ("a cut attribute", node("Constant", &[], "constant").bytes(5, &[0x0a, 9]), "invalid_model"),
        ("deep nesting", with(Message::new().message(6, deep)), "unsupported_model"),
    ] {
        let graph = join(&[nodes(), Message::new().message(1, node), initializers(dense(), words()), ends()]);
        let error = refusal(&model(graph).0);
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(error.to_string().contains("constant_node"), "{what}: {error}");
    }
}

#[test]
fn damaged_frames_are_refused() {
    let graph = || join(&[nodes(), initializers(dense(), words()), ends()]);
    let operators = Message::new().varint(2, 11);
    assert_eq!(code(Message::new().varint(1, 6).message(7, graph())), "invalid_model");
    assert_eq!(code(usual().raw(&[0])), "invalid_model");
    assert_eq!(code(usual().raw(b"garbage")), "invalid_model");
    assert_eq!(code(usual().raw(&[0xff; 20])), "invalid_model");
    assert_eq!(code(usual().raw(&[0x0c])), "invalid_model");
    assert_eq!(code(usual().raw(&[0x80])), "invalid_model");
    assert_eq!(code(Message::new().claims(7, u64::MAX).raw(&graph().0)), "invalid_model");
    assert_eq!(code(Message::new().message(8, operators.clone()).message(7, graph().claims(5, 1000))), "invalid_model");
    assert_eq!(code(Message::new().message(8, operators).message(7, graph().raw(&[0xaa]))), "invalid_model");
}

#[test]
fn more_or_less_than_the_expected_size_is_refused() {
    let file = usual().0;
    for size in [0, file.len() as u64 - 1, file.len() as u64 + 1, u64::MAX] {
        assert_eq!(parse(Some(size), [&*file]).map(drop).unwrap_err().code(), "invalid_model");
    }
}

#[test]
fn a_parser_that_has_failed_stays_failed() {
    let mut parser = Parser::new(None);
    assert_eq!(parser.push(b"<html>").unwrap_err().code(), "invalid_model");
    assert_eq!(parser.push(&usual().0).unwrap_err().code(), "internal");
    assert_eq!(parser.finish().map(drop).unwrap_err().code(), "internal");
}

#[test]
fn weights_that_no_rewrite_takes_are_constants_again() -> Result<()> {
    let file = read(TINY);
    let moved = parse(None, [&*file])?;
    let mut tensors = fields(&file);
    let graph = &mut tensors.iter_mut().find(|(number, _)| *number == 7).unwrap().1;
    // A second use of each initializer keeps it in the graph.
    let mut unmoved = Message(graph.clone());
    for name in moved.weights.names() {
        unmoved = unmoved.message(1, node("Identity", &[name], &format!("{name}_again")));
    }
    let unmoved = parse(None, [&*model(unmoved).0])?;
    assert!(unmoved.weights.is_empty());
    // Rewrites find no matrix in the graph.
    let logit = |model| Ok(logit(&Encoder::from_onnx_with(model, &[])?, &[0, 31, 62, 93, 124]).to_bits());
    let (unmoved, moved): (Result<u32>, Result<u32>) = (logit(unmoved), logit(moved));
    assert_eq!(unmoved?, moved?);
    Ok(())
}

#[test]
fn another_size_than_the_likely_one_is_no_error() {
    let file = read(TINY);
    for size in [0, file.len() as u64 / 2, file.len() as u64, u64::MAX] {
        let mut parser = Parser::new(None).with_likely_size(size);
        parser.push(&file).unwrap();
        assert_eq!(parser.finish().unwrap(), parse(None, [&*file]).unwrap(), "{size}");
    }
}
