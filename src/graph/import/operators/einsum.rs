//! Einsum: a product of one or two tensors that an equation describes.

use tract_core::internal::*;

use super::matmul::product;
use super::{Wire, Wiring};

const ELLIPSIS: &str = "...";

pub fn lookup(operator: &str) -> Option<Wire> {
    (operator == "Einsum").then_some(einsum)
}

fn einsum(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let equation = node.text("equation").context("the attribute `equation` is missing")?;
    let equation = std::str::from_utf8(equation).context("the equation is no text")?;
    let inputs = node.all_inputs()?;
    let ranks = inputs.iter().map(|&input| node.rank(input)).collect::<TractResult<TVec<_>>>()?;
    let axes = axes(equation, &ranks).with_context(|| format!("the equation {equation:?} cannot be read"))?;
    let inputs = node.cast_to_common_type(&inputs)?;
    Ok(tvec!(product(node, axes, &inputs)?))
}

/// The letters of the axes of each operand and of the result. Letters of the equation that are not used stand for the
/// axes of an ellipsis.
fn axes(equation: &str, ranks: &[usize]) -> TractResult<AxesMapping> {
    let equation: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (operands, result) = match equation.split_once("->") {
        Some((operands, result)) => (operands, Some(result)),
        None => (&*equation, None),
    };
    let operands: TVec<&str> = operands.split(',').collect();
    ensure!(
        operands.len() == ranks.len() && ranks.len() <= 2,
        "it has {} operands and the node has {}; one or two are supported",
        operands.len(),
        ranks.len()
    );
    let outer = outer_axes(&operands, ranks)?;
    let free: String = ('a'..='z').chain('A'..='Z').filter(|&it| !equation.contains(it)).take(outer).collect();
    ensure!(free.len() == outer, "an operand has more axes than there are letters");
    let operands: TVec<String> = operands.iter().map(|operand| operand.replacen(ELLIPSIS, &free, 1)).collect();
    for (operand, rank) in operands.iter().zip(ranks) {
        check_letters(operand)?;
        ensure!(operand.len() == *rank, "it names {} axes of an operand that has {rank}", operand.len());
    }
    let result = match result {
        Some(result) => result.replacen(ELLIPSIS, &free, 1),
        None => implied_result(&operands, &free),
    };
    check_letters(&result)?;
    for letter in result.chars() {
        ensure!(operands.iter().any(|it| it.contains(letter)), "no operand has the axis {letter} of the result");
    }
    ensure!(free.chars().all(|letter| result.contains(letter)), "the result leaves out the axes of the ellipsis");
    let operands: TVec<&str> = operands.iter().map(|operand| &**operand).collect();
    AxesMapping::from_strs(&operands, &[&result])
}

/// Number of axes that the ellipsis stands for.
fn outer_axes(operands: &[&str], ranks: &[usize]) -> TractResult<usize> {
    let mut outer = tvec!();
    for (operand, rank) in operands.iter().zip(ranks).filter(|(operand, _)| operand.contains(ELLIPSIS)) {
        let named = operand.len() - ELLIPSIS.len();
        let missing = rank.checked_sub(named);
        outer.push(missing.with_context(|| format!("it names {named} axes of an operand that has {rank}"))?);
    }
    ensure!(outer.windows(2).all(|pair| pair[0] == pair[1]), "the ellipsis stands for {outer:?} axes of the operands");
    Ok(outer.first().copied().unwrap_or(0))
}

fn check_letters(axes: &str) -> TractResult<()> {
    for (index, letter) in axes.char_indices() {
        ensure!(letter.is_ascii_alphabetic(), "{letter:?} is no letter; a letter names an axis");
        ensure!(!axes[..index].contains(letter), "it names the axis {letter} twice in one tensor");
    }
    Ok(())
}

/// The axes of an ellipsis, then the letters that occur once, in alphabetical order.
fn implied_result(operands: &[String], free: &str) -> String {
    let all = operands.concat();
    let mut once: Vec<char> =
        all.chars().filter(|letter| all.matches(*letter).count() == 1 && !free.contains(*letter)).collect();
    once.sort_unstable();
    free.chars().chain(once).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_names_the_axes() {
        for (equation, ranks, expected) in [
            ("bhmd, bhnd -> bhmn", &[4, 4][..], "bhmd,bhnd->bhmn"),
            ("...ij,...jk->...ik", &[4, 4], "abij,abjk->abik"),
            ("...ij,jk", &[3, 2], "aij,jk->aik"),
            ("ji", &[2], "ji->ij"),
            ("ba,bc", &[2, 2], "ba,bc->ac"),
        ] {
            assert_eq!(axes(equation, ranks).unwrap().to_string(), expected, "{equation}");
        }
    }

    #[test]
    fn a_wrong_equation_is_refused_with_the_reason() {
        for (equation, ranks, reason) in [
            ("ij,jk->ik", &[2][..], "it has 2 operands and the node has 1"),
            ("i,j,k->ijk", &[1, 1, 1], "one or two are supported"),
            ("ij,jk->ik", &[2, 3], "it names 2 axes of an operand that has 3"),
            ("...ijk->i", &[2], "it names 3 axes of an operand that has 2"),
            ("...i,...i->...", &[2, 3], "the ellipsis stands for [1, 2] axes"),
            ("...i->i", &[2], "the result leaves out the axes of the ellipsis"),
            ("ii->i", &[2], "it names the axis i twice in one tensor"),
            ("ij->ii", &[2], "it names the axis i twice in one tensor"),
            ("ij->ik", &[2], "no operand has the axis k of the result"),
            ("i1->i", &[2], "'1' is no letter"),
            ("ij->i->j", &[2], "'-' is no letter"),
            ("......", &[0], "it names 3 axes of an operand that has 0"),
            ("é", &[1], "'é' is no letter"),
        ] {
            let error = axes(equation, ranks).unwrap_err().to_string();
            assert!(error.contains(reason), "{equation}: {error}");
        }
        let all: String = ('a'..='z').chain('A'..='Z').collect();
        let error = axes(&format!("...{all}"), &[53]).unwrap_err().to_string();
        assert!(error.contains("more axes than there are letters"), "{error}");
    }
}
