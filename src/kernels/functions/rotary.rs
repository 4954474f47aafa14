//! Rotary position embedding (Su et al., *RoFormer*, 2021), in the form that pairs the halves of a vector.

/// The angles of positions: for each, a row with the cosine and the sine of each channel of a head.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    pub cosines: &'a [f32],
    pub sines: &'a [f32],
}

impl<'a> Rotation<'a> {
    /// Rotates the heads of a row, each of `head_size` numbers, by the angles of `position`.
    ///
    /// # Panics
    /// If there are no angles for the position, or the head size is odd.
    pub fn rotate(&self, position: usize, heads: &mut [f32], head_size: usize) {
        let angles = position * head_size..(position + 1) * head_size;
        for head in heads.chunks_exact_mut(head_size) {
            rotate(head, &self.cosines[angles.clone()], &self.sines[angles.clone()]);
        }
    }
}

/// Element `i` of the first half and of the second make a pair (x, y). It becomes (x·cos − y·sin, y·cos′ + x·sin′),
/// with the angles of `i` and of its partner.
fn rotate(head: &mut [f32], cosines: &[f32], sines: &[f32]) {
    assert!(head.len().is_multiple_of(2), "a head of {} channels has no halves", head.len());
    let half = head.len() / 2;
    let (first, second) = head.split_at_mut(half);
    let ((first_cosines, second_cosines), (first_sines, second_sines)) = (cosines.split_at(half), sines.split_at(half));
    for (index, (first, second)) in first.iter_mut().zip(second).enumerate() {
        let (x, y) = (*first, *second);
        *first = x * first_cosines[index] - y * first_sines[index];
        *second = y * second_cosines[index] + x * second_sines[index];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{test, *};

    #[test]
    fn each_pair_turns_by_its_angle() {
        let (cosines, sines) = ([0.0, 0.5, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        let rotation = Rotation { cosines: &cosines, sines: &sines };
        let vector = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let mut turned = vector;
        rotation.rotate(0, &mut turned, 4);
        assert_same(&turned, &[-3.0, -7.0, 1.0, 6.0, -7.0, -13.0, 5.0, 16.0]);
        let mut same = vector;
        rotation.rotate(1, &mut same, 4);
        assert_same(&same, &vector);
    }
}
