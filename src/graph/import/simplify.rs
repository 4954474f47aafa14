//! tract's own rewrites of a graph.

use tract_core::internal::*;
use tract_core::optim::{Optimizer, TypedPass};

/// Rewrites a graph to a simpler one, as tract does, but without one of its passes. Where tract's note says that a condition
/// is true everywhere, that pass puts a single number in its place. The shape of the condition, which the result may have
/// from it alone, is then lost.
pub fn simplify(model: &mut TypedModel) -> TractResult<()> {
    let mut optimizer = Optimizer::declutter();
    optimizer.passes.retain(|pass| !loses_shapes(pass.as_ref()));
    optimizer.optimize(model)
}

/// Simplifies a graph, and chooses the operators that run it.
pub fn optimise(mut model: TypedModel) -> TractResult<TypedModel> {
    simplify(&mut model)?;
    model.optimize()?;
    Ok(model)
}

/// tract does not export the type of the pass.
fn loses_shapes(pass: &dyn TypedPass) -> bool {
    format!("{pass:?}").starts_with("FoldUniformMask")
}

#[cfg(test)]
mod tests {
    use tract_core::ops::binary::TypedBinOp;
    use tract_core::ops::logic::{and, comp_gte};

    use super::*;

    #[test]
    fn one_pass_is_left_out() {
        let passes = Optimizer::declutter().passes;
        assert_eq!(passes.iter().filter(|pass| loses_shapes(pass.as_ref())).count(), 1);
        assert!(passes.len() > 5);
    }

    #[test]
    fn a_condition_that_is_always_true_keeps_its_shape() {
        let mut model = TypedModel::default();
        let size = TDim::from(model.symbols.sym("size"));
        let texts = model.add_source("texts", bool::fact(&[1.to_dim(), size.clone()])).unwrap();
        let bounds = [("start", 0.to_dim()), ("limit", size.clone()), ("step", 1.to_dim())];
        let bounds = bounds.map(|(name, value)| model.add_const(name, tensor0(value)).unwrap());
        let range = model.wire_node("range", tract_core::ops::array::Range::new(size.clone()), &bounds).unwrap()[0];
        let column = model.wire_node("column", AxisOp::Add(1), &[range]).unwrap()[0];
        let zero = model.add_const("zero", tensor2(&[[0.to_dim()]])).unwrap();
        let always = model.wire_node("always", TypedBinOp(comp_gte(), None), &[column, zero]).unwrap()[0];
        let square = model.wire_node("square", and(), &[always, texts]).unwrap();
        model.select_output_outlets(&square).unwrap();
        let plan = optimise(model).unwrap().into_runnable().unwrap();
        let texts = tensor2(&[[true, false, true]]);
        assert_eq!(plan.run(tvec!(texts.into_tvalue())).unwrap()[0].shape(), [3, 3]);
    }
}
