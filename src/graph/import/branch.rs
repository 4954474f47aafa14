//! If, with a condition that is known when the model loads: only the branch that it takes becomes part of the model.
//!
//! Exporters write an If for a choice by sizes, such as that of DeBERTa between queries as many as keys and others.

use tract_core::internal::*;

use crate::onnx::schema::{Graph, Node};

/// True for a node that chooses between two graphs.
pub fn is_choice(node: &Node<'_>) -> bool {
    node.is_standard() && node.operator == "If"
}

/// The branch that the node takes, and the name of its attribute.
pub fn taken<'a>(
    model: &TypedModel,
    node: &'a Node<'_>,
    inputs: &[Option<OutletId>],
) -> TractResult<(&'static str, Graph<'a>)> {
    let &[Some(condition)] = inputs else { bail!("the node has {} inputs instead of one condition", inputs.len()) };
    let condition = model.outlet_fact(condition)?.konst.clone().context(
        "the condition depends on the text, or on its length; it must be known when the model loads. Export the model by \
         torch.onnx.export with dynamo=True, or without torch.jit.script",
    )?;
    ensure!(condition.len() == 1, "the condition has {} numbers instead of one", condition.len());
    let name = if condition.cast_to_scalar::<bool>()? { "then_branch" } else { "else_branch" };
    let message = node.attribute(name).and_then(|attribute| attribute.graph.as_deref());
    let branch = Graph::read(message.with_context(|| format!("the attribute {name} is missing"))?)?;
    ensure!(branch.inputs.is_empty(), "the branch {name} has inputs; it may only read names around it");
    ensure!(
        branch.outputs.len() == node.outputs.len(),
        "the branch {name} has {} outputs; the node has {}",
        branch.outputs.len(),
        node.outputs.len()
    );
    Ok((name, branch))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::graph::import::simplify::optimise;
    use crate::graph::import::{import, validate};
    use crate::onnx::schema::numbers::{attribute, graph, node, tensor, value_info};
    use crate::onnx::schema::{Attribute, Model};
    use crate::onnx::wire::{message_of, write_varint_field};
    use crate::onnx::{MAX_DEPTH, WeightStore};

    /// A NodeProto.
    fn message(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
        let inputs = inputs.iter().map(|name| (node::INPUT, name.as_bytes()));
        let rest = [(node::OUTPUT, output.as_bytes()), (node::OPERATOR, operator.as_bytes())];
        message_of(&inputs.chain(rest).collect::<Vec<_>>())
    }

    /// A GraphProto with the output `result`.
    fn branch(nodes: &[Vec<u8>]) -> Vec<u8> {
        let output = message_of(&[(value_info::NAME, b"result")]);
        let nodes = nodes.iter().map(|message| (graph::NODE, &message[..]));
        message_of(&nodes.chain([(graph::OUTPUT, &output[..])]).collect::<Vec<_>>())
    }

    fn choice<'a>(condition: &'a str, then: &'a [u8], otherwise: &'a [u8]) -> Node<'a> {
        let attribute = |name, graph| Attribute { name, graph: Some(Cow::Borrowed(graph)), ..Attribute::default() };
        let attributes = vec![attribute("then_branch", then), attribute("else_branch", otherwise)];
        node_of("If", &[condition], "logits", attributes)
    }

    fn node_of<'a>(operator: &'a str, inputs: &[&'a str], output: &'a str, attributes: Vec<Attribute<'a>>) -> Node<'a> {
        Node { operator, name: operator, inputs: inputs.to_vec(), outputs: vec![output], attributes, ..Node::default() }
    }

    fn number<'a>(output: &'a str, value: i64) -> Node<'a> {
        let value = Attribute { name: "value_int", integer: Some(value), ..Attribute::default() };
        node_of("Constant", &[], output, vec![value])
    }

    /// Runs the nodes on a text of three tokens.
    fn run(nodes: Vec<Node<'_>>) -> std::result::Result<Vec<i64>, String> {
        let graph = Graph { nodes, inputs: vec!["ids"], outputs: vec!["logits"], ..Graph::default() };
        let mut file = Model { version: 13, graph };
        validate(&mut file.graph).map_err(|error| error.to_string())?;
        let run = || {
            let model = import(&file, ["ids"], None, &WeightStore::default())?;
            let plan = optimise(model)?.into_runnable()?;
            let output = plan.run(tvec!(tensor2(&[[7i64, 8, 9]]).into_tvalue()))?.remove(0);
            Ok(output.cast_to::<i64>()?.try_as_plain_ram()?.as_slice::<i64>()?.to_vec())
        };
        run().map_err(|error: TractError| format!("{error:#}"))
    }

    /// Nodes that compute the number of tokens.
    fn tokens() -> [Node<'static>; 3] {
        [
            node_of("Shape", &["ids"], "shape", vec![]),
            number("one", 1),
            node_of("Gather", &["shape", "one"], "tokens", vec![]),
        ]
    }

    /// A branch that adds one of the outer numbers to the text.
    fn adding(name: &str) -> Vec<u8> {
        branch(&[message("Add", &["ids", name], "result")])
    }

    #[test]
    fn the_branch_of_a_known_condition_is_taken() {
        let (small, large) = (adding("one"), adding("hundred"));
        for (condition, expected) in [(1, [8, 9, 10]), (0, [107, 108, 109])] {
            let nodes = vec![number("one", 1), number("hundred", 100), number("known", condition)];
            let cast = Attribute { name: "to", integer: Some(9), ..Attribute::default() };
            let cast = node_of("Cast", &["known"], "condition", vec![cast]);
            let nodes = [nodes, vec![cast, choice("condition", &small, &large)]].concat();
            assert_eq!(run(nodes).unwrap(), expected);
        }
    }

    #[test]
    fn a_condition_by_sizes_is_known_where_it_holds_for_every_text() {
        let (small, large) = (adding("one"), adding("hundred"));
        let chosen = |operator: &'static str, other: i64| {
            let compare = node_of(operator, &["tokens", "other"], "condition", vec![]);
            let nodes = [number("hundred", 100), number("other", other), compare, choice("condition", &small, &large)];
            run([&tokens()[..], &nodes].concat())
        };
        for (operator, other, expected) in [
            ("Greater", 0, [8, 9, 10]),
            ("Less", 1, [107, 108, 109]),
            ("Equal", 0, [107, 108, 109]),
            ("Equal", -1, [107, 108, 109]),
        ] {
            assert_eq!(chosen(operator, other).unwrap(), expected, "{operator} {other}");
        }
        for (operator, other) in [("Greater", 1), ("Equal", 3), ("Less", 512)] {
            let error = chosen(operator, other).unwrap_err();
            assert!(error.contains("the condition depends on the text, or on its length"), "{error}");
        }
    }

    #[test]
    fn a_branch_has_its_own_numbers_and_may_hold_branches() {
        let mut dims = Vec::new();
        write_varint_field(&mut dims, tensor::DATA_TYPE, 7);
        let five = [dims, message_of(&[(tensor::NAME, b"five"), (tensor::RAW_DATA, &5i64.to_le_bytes())])].concat();
        let output = message_of(&[(value_info::NAME, b"result")]);
        let add = message("Add", &["ids", "five"], "result");
        let mut inner = message_of(&[(graph::INITIALIZER, &five), (graph::NODE, &add), (graph::OUTPUT, &output)]);
        for _ in 1..MAX_DEPTH {
            inner = around(&inner);
        }
        let condition = || node_of("Not", &["falsehood"], "condition", vec![]);
        let known = || node_of("Equal", &["one", "two"], "falsehood", vec![]);
        let nodes =
            |branch| vec![number("one", 1), number("two", 2), known(), condition(), choice("condition", branch, &[])];
        assert_eq!(run(nodes(&inner)).unwrap(), [12, 13, 14]);
        let error = run(nodes(&around(&inner))).unwrap_err();
        assert!(error.contains("branches in more than 8 levels"), "{error}");
    }

    /// A branch that chooses a branch.
    fn around(inner: &[u8]) -> Vec<u8> {
        let attributes = ["then_branch", "else_branch"]
            .map(|name| message_of(&[(attribute::NAME, name.as_bytes()), (attribute::GRAPH, inner)]));
        let attributes = message_of(&[(node::ATTRIBUTE, &attributes[0]), (node::ATTRIBUTE, &attributes[1])]);
        branch(&[[message("If", &["condition"], "result"), attributes].concat()])
    }

    #[test]
    fn a_branch_that_is_not_taken_may_hold_any_operator() {
        let (known, unknown) = (adding("one"), branch(&[message("Conv", &["ids"], "result")]));
        let [shape, one, tokens] = tokens();
        let positive = node_of("GreaterOrEqual", &["tokens", "one"], "condition", vec![]);
        let nodes = [shape, one, tokens, positive];
        assert!(run([&nodes[..], &[choice("condition", &known, &unknown)]].concat()).is_ok());
        let error = run([&nodes[..], &[choice("condition", &unknown, &known)]].concat()).unwrap_err();
        assert!(error.contains("the engine does not support: Conv (1)"), "{error}");
    }

    #[test]
    fn a_damaged_branch_is_refused() {
        let nodes = |branch| {
            let positive = node_of("GreaterOrEqual", &["tokens", "one"], "condition", vec![]);
            run([&tokens()[..], &[positive, choice("condition", branch, branch)]].concat())
        };
        let undefined = branch(&[message("Abs", &["nothing"], "result")]);
        assert!(nodes(&undefined).unwrap_err().contains(r#"reads "nothing""#));
        let circle = branch(&[message("Add", &["ids", "result"], "result")]);
        assert!(nodes(&circle).unwrap_err().contains("depends on the result of this node"));
        let itself = branch(&[message("Abs", &["logits"], "result")]);
        assert!(nodes(&itself).unwrap_err().contains("depends on the result of this node"));
        let without_output = message_of(&[(graph::NODE, &message("Abs", &["ids"], "result"))]);
        assert!(nodes(&without_output).unwrap_err().contains("has 0 outputs; the node has 1"));
        let whole = adding("one");
        for cut in 1..whole.len() {
            assert!(nodes(&whole[..cut]).is_err(), "{cut} of {} bytes", whole.len());
        }
    }
}
