//! Each operator says why it refuses a node, with the numbers of that node.

use crate::support::graph;
use crate::support::protobuf::{Message, described, graph_of, model_of_version, node, value_info};

/// The operator, the version of ONNX's operators, the inputs, what else the node has, and the reason.
type Case = (&'static str, u64, &'static [&'static str], fn(Message) -> Message, &'static str);

const TRY: &str = "; try another export of the model";

/// Values that depend on the text: a number, and floats of three and of four axes.
fn unknown_values() -> Vec<Message> {
    vec![
        node("ReduceMax", &["input_ids"], "longest").integer("keepdims", 0),
        node("Cast", &["input_ids"], "floats").integer("to", 1),
        node("Add", &["floats", "f32[1,1,1]"], "rows"),
        node("Add", &["floats", "f32[1,1,1,1]"], "heads"),
    ]
}

/// Loads a model with this node behind those above; returns the text of its error.
fn refusal(version: u64, refused: Message) -> String {
    let nodes = [unknown_values(), vec![refused]].concat();
    let file = model_of_version(version, graph_of(&[("input_ids", &[])], &nodes));
    let error = graph(&file.0).expect_err("it must be refused");
    assert_eq!(error.code(), "unsupported_model", "{error}");
    error.to_string()
}

fn assert_refused(cases: &[Case]) {
    for (operator, version, inputs, rest, reason) in cases {
        let text = refusal(*version, rest(node(operator, inputs, "y")));
        assert_eq!(text, format!("model file: node \"y_node\" ({operator}, opset {version}): {reason}{TRY}"));
    }
}

/// A branch with these outputs.
fn branch(outputs: &[&str]) -> Message {
    outputs.iter().fold(Message::new(), |graph, output| {
        graph.message(1, node("Identity", &["input_ids"], output)).message(12, value_info(output, 7, &[]))
    })
}

#[test]
fn element_wise_operators() {
    assert_refused(&[
        (
            "Div",
            13,
            &["i64[]=6", "input_ids"],
            |it| it,
            "the divisor of integers is unknown before the model runs; it must be a constant",
        ),
        ("Div", 13, &["i64[]=6", "i64[2]=1,0"], |it| it, "the divisor of integers is 0"),
        ("Pow", 13, &["u8[2]", "i8[2]"], |it| it, "the base and the exponent have no common type"),
        (
            "Gelu",
            20,
            &["f32[2]"],
            |it| it.string("approximate", b"fast"),
            "the approximation \"fast\" is unknown; tanh and none are supported",
        ),
        ("Sqrt", 13, &[], |it| it, "input 0 is missing"),
        ("Add", 13, &["f32[2]", "i64[2]"], |it| it, "the operands have types (F32, I64), which have no common type"),
        ("Where", 13, &["f32[2]", "f32[2]", "f32[2]"], |it| it, "the condition has type F32 instead of Bool"),
    ]);
}

#[test]
fn constants() {
    assert_refused(&[
        ("Constant", 13, &[], |it| it, "the node holds no numbers; it needs a value of floats or integers"),
        (
            "ConstantOfShape",
            13,
            &["i64[1]=3"],
            |it| it.tensor("value", described("f32[2]")),
            "the node's value has 2 numbers; it must have one",
        ),
        (
            "Dropout",
            13,
            &["f32[2]", "f32[]", "bool[]=1"],
            |it| it,
            "the node is in training mode; export the model for inference",
        ),
        ("Cast", 13, &["f32[2]"], |it| it, "the attribute `to`, the type of the result, is missing"),
        ("Cast", 13, &["f32[2]"], |it| it.integer("to", 8), "the engine does not support data type 8 of ONNX"),
        ("ConstantOfShape", 13, &["i64[2]=2,-1"], |it| it, "input 0 holds the size -1; a size is 0 or more"),
    ]);
}

#[test]
fn products() {
    assert_refused(&[
        ("MatMul", 13, &["f32[2,3]", "f32[4,2]"], |it| it, "an axis has the sizes [3, 4], which do not fit"),
        ("MatMul", 13, &["f32[]", "f32[2,2]"], |it| it, "an operand is a scalar; it needs at least 1 axis"),
        ("MatMul", 13, &["f32[1,1,1,1,1,1,1,1,1,2,2]", "f32[2,3]"], |it| it, "an operand has 11 axes; the limit is 10"),
        ("Gemm", 13, &["f32[2]", "f32[2,2]"], |it| it, "an operand is no matrix: it must have 2 axes"),
        ("MatMulInteger", 13, &["u8[3]", "i8[3,2]"], |it| it, "an operand is no matrix: it has fewer than 2 axes"),
        ("MatMulInteger", 13, &["f32[2,3]", "i8[3,2]"], |it| it, "an operand has type F32 instead of U8 or I8"),
        (
            "MatMulInteger",
            13,
            &["u8[2,3]", "i8[3,2]", "i8[]"],
            |it| it,
            "a zero point has type I8 instead of its operand's U8",
        ),
        (
            "MatMulInteger",
            13,
            &["u8[2,3]", "i8[3,2]", "u8[1,2]"],
            |it| it,
            "a zero point has 2 axes instead of none or 1",
        ),
        (
            "MatMulInteger",
            13,
            &["u8[2,3]", "i8[4,2]"],
            |it| it,
            "the left rows have 3 numbers, but the right columns 4",
        ),
        ("Einsum", 13, &["f32[2]"], |it| it, "the attribute `equation` is missing"),
        (
            "Einsum",
            13,
            &["f32[2]"],
            |it| it.string("equation", b"\xff"),
            "the equation is no text: invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (
            "Einsum",
            13,
            &["f32[2,2]"],
            |it| it.string("equation", b"i1->i"),
            "the equation \"i1->i\" cannot be read: '1' is no letter; a letter names an axis",
        ),
        (
            "Einsum",
            13,
            &[
                "f32[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
            ],
            |it| it.string("equation", b"...->..."),
            "the equation \"...->...\" cannot be read: an operand has more axes than there are letters",
        ),
        (
            "MatMul",
            13,
            &["input_ids", "i64[2,3]"],
            |it| it,
            "the operands have types [I64, I64]; a product of matrices needs two of one type, floats or I32",
        ),
        (
            "Gemm",
            13,
            &["f32[2,3]", "i64[3,2]"],
            |it| it,
            "the operands have types [F32, I64]; a product of matrices needs two of one type, floats or I32",
        ),
    ]);
}

#[test]
fn attention() {
    const HEADS: &str = "f32[2,3,5,4]";
    assert_refused(&[
        (
            "Attention",
            23,
            &["heads", "heads", "heads"],
            |it| it,
            "the size of a head is unknown: Undetermined symbol in expression: sequence",
        ),
        (
            "Attention",
            23,
            &["rows", "rows", "rows"],
            |it| it.integer("q_num_heads", 1).integer("kv_num_heads", 1),
            "the hidden size is unknown before the model runs: Undetermined symbol in expression: sequence",
        ),
        (
            "Attention",
            23,
            &[HEADS; 3],
            |it| it.integer("is_causal", 1),
            "the attention is causal, as in a language model that generates text; choose a cross-encoder, which reads a \
             text in both directions",
        ),
        (
            "Attention",
            23,
            &[HEADS; 3],
            |it| it.output("present_key"),
            "the attention keeps keys and values between calls, as in a language model that generates text; choose a \
             cross-encoder",
        ),
        (
            "Attention",
            23,
            &[HEADS; 3],
            |it| it.float("softcap", 30.0),
            "the attention bounds its scores by softcap, which the engine does not",
        ),
        (
            "Attention",
            23,
            &[HEADS; 3],
            |it| it.output("").output("").output("scores"),
            "the graph reads the scores of attention, which the engine does not return",
        ),
        (
            "Attention",
            23,
            &[HEADS, HEADS, HEADS, "i64[5]"],
            |it| it,
            "the mask has type I64; it must be of floats or truth values",
        ),
        (
            "Attention",
            23,
            &["f32[2,5,12]", HEADS, HEADS],
            |it| it,
            "queries, keys and values have [3, 4, 4] axes; each must have 3, or each 4",
        ),
        (
            "Attention",
            23,
            &[HEADS, "f32[2,1,5,4]", "f32[2,1,5,4]"],
            |it| it,
            "queries have 3 heads and keys 1; the engine supports no heads that share keys",
        ),
    ]);
}

#[test]
fn rotary_positions() {
    assert_refused(&[
        (
            "RotaryEmbedding",
            23,
            &["f32[2,3,5,4]", "f32[2,5,2]", "f32[2,5,2]"],
            |it| it.integer("interleaved", 1),
            "the node turns neighbours instead of halves of a head (interleaved), which the engine does not support",
        ),
        (
            "RotaryEmbedding",
            23,
            &["heads", "f32[2,5,2]", "f32[2,5,2]"],
            |it| it,
            "the size of a head is unknown before the model runs: Undetermined symbol in expression: sequence",
        ),
        (
            "RotaryEmbedding",
            23,
            &["f32[2,3,5,4]", "f32[2,5,2]", "f32[2,5,2]", "i64[2,5]"],
            |it| it,
            "the angles have 3 axes instead of 2, positions and angles",
        ),
        (
            "RotaryEmbedding",
            23,
            &["f32[2,3,5,4]", "f32[2,5,4]", "f32[2,5,4]"],
            |it| it,
            "the angles must have the shape batch × sequence × 2",
        ),
    ]);
}

#[test]
fn normalisations_and_sums() {
    assert_refused(&[
        (
            "LayerNormalization",
            17,
            &["f32[2,3]", "f32[3]"],
            |it| it.output("mean"),
            "the graph reads the mean or the deviation, which the engine does not return",
        ),
        (
            "LayerNormalization",
            17,
            &["f32[2,3]", "f32[3]"],
            |it| it.integer("axis", 0),
            "the axis is 0; only the last axis of 2 can be normalised",
        ),
        ("CumSum", 14, &["f32[2]", "i64[2]"], |it| it, "the axis is given by 2 numbers instead of one"),
        ("Softmax", 13, &["f32[2,3]"], |it| it.integer("axis", 2), "axis 2 does not exist; the tensor has 2 axes"),
        ("Softmax", 13, &["f32[2,3]"], |it| it.integer("axis", -3), "axis -3 does not exist; the tensor has 2 axes"),
        ("ReduceSum", 11, &["f32[2,3]"], |it| it.integers("axes", &[1, -1]), "the node names an axis twice"),
        ("ReduceMean", 13, &["f32[2,0]"], |it| it, "axis 1 has length 0; the node needs at least one number"),
        (
            "RMSNormalization",
            23,
            &["f32[2,0]", "f32[1]"],
            |it| it,
            "axis 1 has length 0; the node needs at least one number",
        ),
    ]);
}

#[test]
fn quantisation() {
    assert_refused(&[
        (
            "DequantizeLinear",
            21,
            &["u8[2,4]", "f32[2,2]"],
            |it| it.integer("block_size", 2),
            "the node has one scale for each block; only one for the tensor or for each channel is supported",
        ),
        (
            "QuantizeLinear",
            21,
            &["f32[2]", "f32[]=1"],
            |it| it.integer("output_dtype", 5),
            "the node quantises to I16; only U8 and I8 are supported",
        ),
        ("DynamicQuantizeLinear", 11, &["input_ids"], |it| it, "the input has type I64 instead of F32"),
    ]);
}

#[test]
fn selections() {
    assert_refused(&[
        ("Concat", 13, &["f32[2]"], |it| it, "the attribute `axis` is missing"),
        ("Concat", 13, &[], |it| it, "the node has no input; it needs at least one"),
        (
            "Concat",
            13,
            &["u8[2]", "i8[2]"],
            |it| it.integer("axis", 0),
            "the inputs have types [U8, I8], which have no common type",
        ),
        (
            "GatherND",
            13,
            &["f32[2]", "i64[1,1]"],
            |it| it.integer("batch_dims", 1),
            "the attribute `batch_dims` is not 0",
        ),
        ("GatherND", 13, &["f32[2]", "i64[]"], |it| it, "the indices are one number; they need an axis"),
        (
            "GatherND",
            13,
            &["f32[2]", "input_ids"],
            |it| it,
            "the number of indices of a place is unknown before the model runs: Undetermined symbol in expression: \
             sequence",
        ),
        ("GatherND", 13, &["f32[2]", "i64[1,2]"], |it| it, "a place has 2 indices; the data has 1 axes"),
        ("Slice", 9, &["f32[2]"], |it| it.integers("ends", &[1]), "the attribute `starts` is missing"),
        ("Slice", 9, &["f32[2]"], |it| it.integers("starts", &[1]), "the attribute `ends` is missing"),
        (
            "Slice",
            13,
            &["f32[2,3]", "i64[2]", "i64[1]=1"],
            |it| it,
            "the slice has [2, 1, 2] starts, ends and steps for 2 axes; the tensor has 2",
        ),
        (
            "Slice",
            13,
            &["input_ids", "i64[1]", "i64[1]=4", "i64[1]=1", "i64[1]=2"],
            |it| it,
            "the step is 2 on an axis of unknown length; only 1 is supported there",
        ),
        ("Slice", 13, &["f32[4]", "i64[1]", "i64[1]=4", "i64[1]", "i64[1]=0"], |it| it, "the step of the slice is 0"),
        ("Split", 13, &["f32[4]", "i64[3]=1"], |it| it.output("other"), "the node has 2 outputs, but 3 sizes of parts"),
        ("Split", 13, &["f32[4]", "i64[1]=5"], |it| it, "the parts do not add up to axis 0"),
        ("Split", 13, &["input_ids", "i64[1]=-1"], |it| it.integer("axis", 1), "a part has a size below 0"),
        ("Concat", 13, &["f32[2,3]", "f32[2,4]"], |it| it.integer("axis", 0), "inputs differ in another axis than 0"),
        (
            "Concat",
            13,
            &["f32[2,3]", "f32[2]"],
            |it| it.integer("axis", 1),
            "the inputs have different numbers of axes",
        ),
    ]);
}

#[test]
fn a_split_without_parts() {
    let split = Message::new().text(1, "f32[4]").text(3, "parts").text(4, "Split");
    let nodes = [split, node("Identity", &["input_ids"], "y")];
    let file = model_of_version(13, graph_of(&[("input_ids", &[])], &nodes));
    assert_eq!(
        graph(&file.0).unwrap_err().to_string(),
        format!(
            "model file: node \"parts\" (Split, opset 13): the node has no output; it needs one for each part{TRY}"
        )
    );
}

#[test]
fn shapes() {
    assert_refused(&[
        ("Unsqueeze", 13, &["f32[2]"], |it| it, "the axes to insert are missing"),
        (
            "Squeeze",
            13,
            &["f32[2,3]", "i64[1]=1"],
            |it| it,
            "axis 1 has length 3; only an axis of length 1 can be removed",
        ),
        (
            "Transpose",
            13,
            &["f32[2,3]"],
            |it| it.integers("perm", &[0, 0]),
            "the order [0, 0] does not name each of 2 axes once",
        ),
        ("Tile", 13, &["f32[2,3]", "i64[1]=1"], |it| it, "the node has 1 repeats for 2 axes"),
        (
            "Reshape",
            13,
            &["f32[2]", "input_ids"],
            |it| it,
            "input 1 is unknown before the model runs; it must be a constant",
        ),
        (
            "Range",
            13,
            &["i64[1]", "i64[]=3", "i64[]=1"],
            |it| it,
            "the start, the limit or the step is a tensor; each must be one number",
        ),
        (
            "Range",
            13,
            &["i64[]", "i64[]=3", "longest"],
            |it| it,
            "the step is unknown before the model runs; it must be a constant",
        ),
        ("Tile", 13, &["floats", "i64[2]=1,-2"], |it| it, "input 1 holds the size -2; a size is 0 or more"),
        ("Expand", 13, &["f32[1]", "i64[1]=-3"], |it| it, "input 1 holds the size -3; a size is 0 or more"),
        ("Range", 13, &["f32[]", "f32[]=inf", "f32[]=1"], |it| it, "the range has no end, or is too long"),
        ("Range", 13, &["f32[]", "f32[]=3", "f32[]=0"], |it| it, "the range has no end, or is too long"),
    ]);
}

#[test]
fn choices() {
    assert_refused(&[
        (
            "If",
            13,
            &["longest"],
            |it| it.graph("then_branch", branch(&["result"])).graph("else_branch", branch(&["result"])),
            "the condition depends on the text, or on its length; it must be known when the model loads. Export the model \
             by torch.onnx.export with dynamo=True, or without torch.jit.script",
        ),
        ("If", 13, &["bool[2]"], |it| it, "the condition has 2 numbers instead of one"),
        ("If", 13, &["bool[]", "bool[]"], |it| it, "the node has 2 inputs instead of one condition"),
        (
            "If",
            13,
            &["bool[]=1"],
            |it| it.graph("else_branch", branch(&["result"])),
            "the attribute then_branch is missing",
        ),
        (
            "If",
            13,
            &["bool[]=0"],
            |it| it.graph("else_branch", branch(&["result"]).message(11, value_info("mask", 7, &[]))),
            "the branch else_branch has inputs; it may only read names around it",
        ),
        (
            "If",
            13,
            &["bool[]=1"],
            |it| it.graph("then_branch", branch(&["one", "other"])),
            "the branch then_branch has 2 outputs; the node has 1",
        ),
    ]);
}

/// tract computes these results when it simplifies the graph, and puts the operator before the reason.
#[test]
fn results_of_constants() {
    let cases: &[(&str, &[&str], i64, &str)] = &[
        ("MatMulInteger", &["u8[2,3]", "i8[1,3,2]", "u8[3]"], 0, "the left operand has 3 zero points and 2 rows"),
        (
            "MatMulInteger",
            &["u8[2,3]", "i8[1,3,2]", "", "i8[3]"],
            0,
            "the right operand has 3 zero points and 2 columns",
        ),
        ("Gather", &["f32[4,1]", "i64[1]=9"], 0, "index 9 is outside an axis of length 4"),
        ("GatherElements", &["f32[1,3]", "i64[1,1]=-4"], 1, "index -4 is outside an axis of length 3"),
        ("GatherND", &["f32[4,1]", "i64[1,1]=9"], 0, "index 9 is outside an axis of length 4"),
        (
            "GatherElements",
            &["f32[1,3]", "i64[2,1]"],
            1,
            "the indices have shape [2, 1], which does not fit data of shape [1, 3]",
        ),
    ];
    for (operator, inputs, axis, reason) in cases {
        let text = refusal(13, node(operator, inputs, "y").integer("axis", *axis));
        assert!(text.ends_with(&format!(": {reason}{TRY}")), "{text}");
    }
}

/// Each result is as large as an operator may make it, 4 MB of truth values.
#[test]
fn results_of_constants_have_a_limit_together() {
    let result = |output| {
        let node = node("ConstantOfShape", &["i64[1]=4194304"], output);
        node.tensor("value", described("bool[1]"))
    };
    let nodes = ["a", "b", "c", "d", "y"].map(result);
    let file = model_of_version(13, graph_of(&[("input_ids", &[])], &nodes));
    let error = graph(&file.0).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    assert_eq!(
        error.to_string(),
        format!(
            "model file: node \"y_node\" (ConstantOfShape, opset 13): the results of constants would hold more than \
             16777216 numbers, the limit of a graph{TRY}"
        )
    );
}
