//! The order in which the nodes of a graph are wired: each after the nodes with results that it reads.
//!
//! ONNX demands this order of a file, but some tools append the nodes that they add. A graph in order stays as it is.

use std::collections::{HashMap, HashSet};

use crate::error::Result;
use crate::onnx::MAX_DEPTH;
use crate::onnx::refusal::{invalid, unsupported};
use crate::onnx::schema::{Graph, Node};

/// Sorts the nodes. `is_defined` is true for the names around the graph: those of the inputs, the weights, and the
/// graphs outside.
///
/// # Errors
/// `invalid_model` if a node reads a name without definition, or its own result, or if a name has two definitions.
/// `unsupported_model` for more than [`MAX_DEPTH`] levels of branches.
pub fn sort(graph: &mut Graph<'_>, is_defined: &dyn Fn(&str) -> bool) -> Result<()> {
    let order = order(&graph.nodes, is_defined)?;
    let mut nodes: Vec<Option<Node<'_>>> = std::mem::take(&mut graph.nodes).into_iter().map(Some).collect();
    graph.nodes = order.into_iter().filter_map(|index| nodes[index].take()).collect();
    Ok(())
}

/// Whether a node has its place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// The nodes that it reads come first.
    Entered,
    Placed,
}

fn order(nodes: &[Node<'_>], is_defined: &dyn Fn(&str) -> bool) -> Result<Vec<usize>> {
    let producers = producers(nodes, is_defined)?;
    let mut order = Vec::with_capacity(nodes.len());
    let mut states = vec![State::Waiting; nodes.len()];
    for first in 0..nodes.len() {
        let mut stack = vec![first];
        while let Some(&index) = stack.last() {
            if states[index] != State::Waiting {
                stack.pop();
                if std::mem::replace(&mut states[index], State::Placed) == State::Entered {
                    order.push(index);
                }
                continue;
            }
            states[index] = State::Entered;
            let node = &nodes[index];
            let captured = captured(node)?;
            for name in node.inputs.iter().copied().chain(captured.iter().map(|name| &**name)) {
                match producers.get(name) {
                    Some(&producer) if states[producer] == State::Entered => {
                        return Err(invalid(format!(
                            "node {:?} reads {name:?}, which depends on the result of this node",
                            node.name
                        )));
                    }
                    Some(&producer) => stack.push(producer),
                    None if name.is_empty() || is_defined(name) => {}
                    None => {
                        return Err(invalid(format!(
                            "node {:?} reads {name:?}, which no node, input or weight defines",
                            node.name
                        )));
                    }
                }
            }
        }
    }
    Ok(order)
}

/// The node that computes each name.
fn producers<'a>(nodes: &'a [Node<'_>], is_defined: &dyn Fn(&str) -> bool) -> Result<HashMap<&'a str, usize>> {
    let mut producers = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for &name in node.outputs.iter().filter(|name| !name.is_empty()) {
            if producers.insert(name, index).is_some() || is_defined(name) {
                return Err(invalid(format!(
                    "node {:?} computes {name:?}, which another node, input or weight defines, too",
                    node.name
                )));
            }
        }
    }
    Ok(producers)
}

/// The names that the branches of a node read from the graphs around them.
fn captured(node: &Node<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let branches = node.attributes.iter().filter_map(|attribute| attribute.graph.as_deref());
    branches.into_iter().try_for_each(|branch| captured_by(branch, 1, &mut names))?;
    Ok(names)
}

fn captured_by(branch: &[u8], depth: usize, names: &mut Vec<String>) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(unsupported(format!("the graph has branches in more than {MAX_DEPTH} levels")));
    }
    let Graph { nodes, initializers, inputs, outputs, .. } = Graph::read(branch)?;
    let first = names.len();
    for node in &nodes {
        names.extend(node.inputs.iter().filter(|name| !name.is_empty()).map(|&name| name.to_owned()));
        for attribute in &node.attributes {
            attribute.graph.iter().try_for_each(|branch| captured_by(branch, depth + 1, names))?;
        }
    }
    names.extend(outputs.iter().map(|&name| name.to_owned()));
    let own: HashSet<&str> = nodes
        .iter()
        .flat_map(|node| node.outputs.iter().copied())
        .chain(initializers.iter().map(|tensor| tensor.name))
        .chain(inputs)
        .collect();
    let captured = names.split_off(first);
    names.extend(captured.into_iter().filter(|name| !own.contains(&**name)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node<'a>(inputs: &[&'a str], output: &'a str) -> Node<'a> {
        Node { name: output, inputs: inputs.to_vec(), outputs: vec![output], ..Node::default() }
    }

    fn sorted(nodes: Vec<Node<'_>>) -> std::result::Result<Vec<String>, String> {
        let mut graph = Graph { nodes, ..Graph::default() };
        let sorted = sort(&mut graph, &|name| name == "input");
        sorted.map_err(|error| error.to_string())?;
        Ok(graph.nodes.iter().map(|node| node.name.to_owned()).collect())
    }

    #[test]
    fn nodes_follow_those_that_they_read() {
        let nodes = || [node(&["input"], "a"), node(&["a", ""], "b"), node(&["a", "b"], "c"), node(&["input"], "d")];
        let [a, b, c, d] = nodes();
        assert_eq!(sorted(vec![c, d, b, a]).unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(sorted(nodes().to_vec()).unwrap(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn long_chains_need_no_deep_stack() {
        let names: Vec<String> = (0..100_000).map(|index| format!("{index}")).collect();
        let nodes = names.windows(2).map(|pair| node(&[&pair[1]], &pair[0]));
        let nodes: Vec<Node<'_>> = nodes.chain([node(&["input"], &names[names.len() - 1])]).collect();
        assert_eq!(sorted(nodes).unwrap().len(), names.len());
    }

    #[test]
    fn names_without_a_definition_or_with_two_and_circles_are_refused() {
        let circle = sorted(vec![node(&["b"], "a"), node(&["c"], "b"), node(&["a"], "c")]).unwrap_err();
        assert!(circle.contains("which depends on the result of this node"), "{circle}");
        let itself = sorted(vec![node(&["a"], "a")]).unwrap_err();
        assert!(itself.contains(r#"node "a" reads "a", which depends on the result of this node"#), "{itself}");
        let unknown = sorted(vec![node(&["x"], "a")]).unwrap_err();
        assert!(unknown.contains(r#"node "a" reads "x", which no node, input or weight defines"#), "{unknown}");
        for twice in [vec![node(&["input"], "a"), node(&["input"], "a")], vec![node(&[], "input")]] {
            let error = sorted(twice).unwrap_err();
            assert!(error.contains("which another node, input or weight defines, too"), "{error}");
        }
    }
}
