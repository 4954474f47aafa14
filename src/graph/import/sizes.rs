//! Sizes of axes that are not known before the model runs, and what is known about them.

use tract_core::broadcast::multi_broadcast;
use tract_core::internal::*;

/// Most numbers in a tensor of sizes that is compared here.
const MOST_NUMBERS: usize = 1 << 10;

/// Notes that a size is at least this number.
pub fn is_at_least(symbols: &SymbolScope, size: &Symbol, least: usize) -> TractResult<()> {
    symbols.add_assertion(format!("{size}>={least}"))
}

/// Whether two sizes are equal; `None` if that depends on the text.
pub fn are_equal(one: &TDim, other: &TDim) -> Option<bool> {
    let difference = (one.clone() - other).simplify();
    if difference == 0.to_dim() {
        return Some(true);
    }
    (difference.prove_strict_positive() || difference.prove_strict_negative()).then_some(false)
}

/// Whether the numbers of two tensors of sizes are equal; `None` if that depends on the text for any of them.
pub fn equal(one: &Tensor, other: &Tensor) -> TractResult<Option<Tensor>> {
    let shape = multi_broadcast(&[one.shape(), other.shape()])?;
    if shape.iter().try_fold(1usize, |all, &size| all.checked_mul(size)).is_none_or(|all| all > MOST_NUMBERS) {
        return Ok(None);
    }
    let [one, other] = [one, other].map(|sizes| -> TractResult<Vec<TDim>> {
        let sizes = sizes.broadcast_to_shape(&shape)?;
        if sizes.datum_type() == TDim::datum_type() {
            return Ok(sizes.try_as_plain_ram()?.as_slice::<TDim>()?.to_vec());
        }
        // A cast to TDim would cut numbers to 32 bits.
        let numbers = sizes.cast_to::<i64>()?;
        Ok(numbers.try_as_plain_ram()?.as_slice::<i64>()?.iter().map(|number| number.to_dim()).collect())
    });
    let equal = one?.iter().zip(&other?).map(|(one, other)| are_equal(one, other)).collect::<Option<Vec<bool>>>();
    equal.map(|equal| Tensor::from_shape(&shape, &equal)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_compared_where_that_holds_for_every_text() {
        let symbols = SymbolScope::default();
        let size = symbols.sym("sequence");
        is_at_least(&symbols, &size, 1).unwrap();
        let size = TDim::from(size);
        assert_eq!(are_equal(&size, &size.clone()), Some(true));
        assert_eq!(are_equal(&(size.clone() * 2 - &size), &size), Some(true));
        for other in [-1, 0] {
            assert_eq!(are_equal(&size, &other.to_dim()), Some(false));
        }
        assert_eq!(are_equal(&size, &(size.clone() + 1)), Some(false));
        for other in [1, 2] {
            assert_eq!(are_equal(&size, &other.to_dim()), None);
        }
        assert_eq!(are_equal(&size, &(size.clone() * 2)), Some(false));
        assert_eq!(are_equal(&3.to_dim(), &3.to_dim()), Some(true));
    }
}
