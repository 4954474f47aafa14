//! The Viterbi search for the best segmentation of a word.
//!
//! Its memory does not grow with the word. From time to time the search follows the best ways to the places ahead back
//! to the place where they meet. All before that is decided: the search emits its tokens and forgets it.
//!
//! Some ways never meet. A character that repeats has as many ways as its longest piece has lengths. Once each way
//! holds enough tokens, the search only remembers which way a place continues.

use std::collections::BTreeSet;

use super::trie::{LONGEST_KEY, PAYLOAD_LIMIT};
use super::{Scores, Unigram};
use crate::error::{Error, MemoryUse, Result};
use crate::memory::reserve;

/// Least bytes between two checks for decided tokens.
const STRETCH: usize = 1 << 12;

/// Memory for more places than this is freed after use.
const KEPT_PLACES: usize = 1 << 14;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub id: u32,
    /// The end of its text, which starts at the end of the token before. Tokens that spell one text in bytes share an
    /// end.
    pub end: usize,
}

/// Memory that calls share: the undecided places that the search has reached.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The score of the best way to each place from `scores_start` on.
    scores: Vec<f64>,
    scores_start: usize,
    /// The last step of the best way to each place from `steps_start` on; 0 without a way.
    steps: Vec<u32>,
    steps_start: usize,
}

/// Low bits of a step for the length in bytes of the piece that ends at a place. The others hold its id.
const LENGTH_BITS: u32 = 10;
const _: () = assert!(LONGEST_KEY < 1 << LENGTH_BITS && PAYLOAD_LIMIT <= 1 << (u32::BITS - LENGTH_BITS));

fn step(id: u32, length: usize) -> u32 {
    id << LENGTH_BITS | length as u32
}

fn id_of(step: u32) -> u32 {
    step >> LENGTH_BITS
}

fn length_of(step: u32) -> usize {
    (step & ((1 << LENGTH_BITS) - 1)) as usize
}

/// The consumer of tokens.
struct Output<Visit> {
    /// Number of tokens that it still takes.
    wanted: usize,
    visit: Visit,
    /// The start of the current run of unknown pieces.
    unknown_from: Option<usize>,
}

impl Unigram {
    /// Calls `visit` with at most the first `wanted` tokens of `word`.
    ///
    /// # Errors
    /// `invalid_input` for a character that no piece covers in a model without an unknown piece; `out_of_memory`; those
    /// of `visit`.
    pub fn tokenize(
        &self,
        word: &str,
        wanted: usize,
        scratch: &mut Scratch,
        visit: impl FnMut(Token) -> Result<()>,
    ) -> Result<()> {
        let result = self.search(word, scratch, &mut Output { wanted, visit, unknown_from: None });
        if scratch.steps.capacity() > KEPT_PLACES || scratch.scores.capacity() > KEPT_PLACES {
            *scratch = Scratch::default();
        }
        result
    }

    fn search(
        &self,
        word: &str,
        scratch: &mut Scratch,
        output: &mut Output<impl FnMut(Token) -> Result<()>>,
    ) -> Result<()> {
        scratch.clear();
        let (mut place, mut stretch) = (0, STRETCH);
        while place < word.len() {
            place = self.extend(word, place, stretch, scratch, |_, id, length| step(id, length))?;
            if place == word.len() {
                self.give_out(word, place, scratch, output)?;
                break;
            }
            let ends = scratch.ends(place);
            let decided = scratch.meeting(ends.clone());
            self.give_out(word, decided, scratch, output)?;
            if output.wanted == 0 {
                return Ok(());
            }
            scratch.forget_steps(decided);
            // A stretch at least as long as the undecided part keeps the cost of following back below that of the
            // search.
            stretch = STRETCH.max(place - decided);
            if ends.len() > 1 && ends.iter().all(|&end| self.known_pieces(end, output.wanted, scratch) >= output.wanted)
            {
                let end = self.end_of_best(word, place, &ends, scratch)?;
                return self.give_out(word, end, scratch, output);
            }
        }
        self.give_out_unknown(word, word.len(), output)
    }

    /// Searches on from `place` for at least `stretch` bytes and returns the place that it reached. `remember` makes
    /// the record of the best way to a place. It receives the record at the start of the last piece, and this piece's
    /// id and length.
    #[inline]
    fn extend(
        &self,
        word: &str,
        place: usize,
        stretch: usize,
        scratch: &mut Scratch,
        remember: impl Fn(u32, u32, usize) -> u32,
    ) -> Result<usize> {
        match &self.scores {
            Scores::Single(scores) => {
                self.find_best(word, place, stretch, |id| f64::from(scores[id as usize]), scratch, remember)
            }
            Scores::Double(scores) => self.find_best(word, place, stretch, |id| scores[id as usize], scratch, remember),
        }
    }

    /// Adds and compares in the order of the `tokenizers` crate, so that ties fall alike.
    #[inline]
    fn find_best(
        &self,
        word: &str,
        place: usize,
        stretch: usize,
        score_of: impl Fn(u32) -> f64,
        scratch: &mut Scratch,
        remember: impl Fn(u32, u32, usize) -> u32,
    ) -> Result<usize> {
        let bytes = &word.as_bytes()[place..];
        let until = stretch.min(bytes.len());
        scratch.make_room(place, (until + LONGEST_KEY).min(bytes.len()))?;
        let scores = &mut scratch.scores[place - scratch.scores_start..];
        let steps = &mut scratch.steps[place - scratch.steps_start..];
        let mut start = 0;
        while start < until {
            let (score_here, step_here) = (scores[start], steps[start]);
            let character = character_length(bytes[start]);
            let mut covers_character = false;
            let (scores, steps) = (&mut scores[start..], &mut steps[start..]);
            self.trie.prefixes(&bytes[start..], |length, id| {
                let candidate = score_of(id) + score_here;
                if steps[length] == 0 || candidate > scores[length] {
                    scores[length] = candidate;
                    steps[length] = remember(step_here, id, length);
                }
                covers_character |= length == character;
            });
            if !covers_character {
                let candidate = self.unknown_score + score_here;
                if steps[character] == 0 || candidate > scores[character] {
                    let id = self.unknown_id.ok_or_else(|| {
                        Error::InvalidInput(
                            "the tokenizer has no token for a character of the text, and none for unknown text"
                                .to_owned(),
                        )
                    })?;
                    scores[character] = candidate;
                    steps[character] = remember(step_here, id, character);
                }
            }
            start += character;
        }
        scratch.forget_scores(place + start);
        Ok(place + start)
    }

    /// Finds the one of `ends`, all at or after `place`, on the best way to the end of the word.
    fn end_of_best(
        &self,
        word: &str,
        mut place: usize,
        ends: &BTreeSet<usize>,
        scratch: &mut Scratch,
    ) -> Result<usize> {
        let undecided = (std::mem::take(&mut scratch.steps), scratch.steps_start);
        scratch.steps_start = place;
        // The number of its end, from 1, identifies a way.
        for (&end, number) in ends.iter().zip(1..) {
            scratch.make_room(place, end - place)?;
            scratch.steps[end - place] = number;
        }
        let number = loop {
            let mut numbers = scratch.steps[place - scratch.steps_start..].iter().filter(|&&number| number != 0);
            let first = numbers.next().copied().unwrap_or(0);
            if place == word.len() || numbers.all(|&number| number == first) {
                break first;
            }
            place = self.extend(word, place, STRETCH, scratch, |number, _, _| number)?;
            scratch.forget_steps(place);
        };
        (scratch.steps, scratch.steps_start) = undecided;
        let end = ends.iter().nth((number as usize).saturating_sub(1)).copied();
        end.ok_or_else(|| Error::Internal("the search lost the best way to the end of a word".to_owned()))
    }

    /// Counts the known pieces on the best way to `end`, up to `enough`. A way has at least as many tokens.
    fn known_pieces(&self, mut end: usize, enough: usize, scratch: &Scratch) -> usize {
        let mut count = 0;
        while end > scratch.steps_start && count < enough {
            let step = scratch.step(end);
            count += usize::from(Some(id_of(step)) != self.unknown_id);
            end -= length_of(step);
        }
        count
    }

    /// Emits the tokens of the best way from the first step to `end`. It overwrites the steps on this way.
    fn give_out(
        &self,
        word: &str,
        end: usize,
        scratch: &mut Scratch,
        output: &mut Output<impl FnMut(Token) -> Result<()>>,
    ) -> Result<()> {
        let first = scratch.steps_start;
        // Each step moves from the end of its piece to the start.
        let (mut place, mut step) = (end, scratch.step(end));
        while place > first {
            place -= length_of(step);
            step = std::mem::replace(&mut scratch.steps[place - first], step);
        }
        while place < end && output.wanted > 0 {
            let step = scratch.step(place);
            if Some(id_of(step)) == self.unknown_id {
                output.unknown_from.get_or_insert(place);
                place += length_of(step);
            } else {
                self.give_out_unknown(word, place, output)?;
                place += length_of(step);
                output.push(Token { id: id_of(step), end: place })?;
            }
        }
        Ok(())
    }

    /// Emits a run of unknown pieces: as a known piece that it spells, as its bytes, or as one unknown token.
    fn give_out_unknown(
        &self,
        word: &str,
        end: usize,
        output: &mut Output<impl FnMut(Token) -> Result<()>>,
    ) -> Result<()> {
        let Some((start, unknown_id)) = output.unknown_from.take().zip(self.unknown_id) else { return Ok(()) };
        let run = &word.as_bytes()[start..end];
        if let Some(id) = self.trie.get(run) {
            return output.push(Token { id, end });
        }
        let id_of_byte = |byte: &u8| self.byte_ids.as_ref().and_then(|ids| ids[usize::from(*byte)]);
        if run.iter().all(|byte| id_of_byte(byte).is_some()) {
            return run.iter().filter_map(id_of_byte).try_for_each(|id| output.push(Token { id, end }));
        }
        output.push(Token { id: unknown_id, end })
    }
}

impl<Visit: FnMut(Token) -> Result<()>> Output<Visit> {
    fn push(&mut self, token: Token) -> Result<()> {
        if let Some(left) = self.wanted.checked_sub(1) {
            self.wanted = left;
            (self.visit)(token)?;
        }
        Ok(())
    }
}

impl Scratch {
    fn clear(&mut self) {
        self.scores.clear();
        self.steps.clear();
        (self.scores_start, self.steps_start) = (0, 0);
    }

    /// Reserves memory for `place` and the `ahead` places after it.
    fn make_room(&mut self, place: usize, ahead: usize) -> Result<()> {
        let scores = place - self.scores_start + ahead + 1;
        let steps = place - self.steps_start + ahead + 1;
        resize(&mut self.scores, scores)?;
        resize(&mut self.steps, steps)
    }

    fn step(&self, place: usize) -> u32 {
        self.steps[place - self.steps_start]
    }

    /// Returns the places from `place` on that a piece from before it reaches.
    fn ends(&self, place: usize) -> BTreeSet<usize> {
        (place..)
            .zip(&self.steps[place - self.steps_start..])
            .filter(|&(_, &step)| step != 0)
            .map(|(end, _)| end)
            .collect()
    }

    /// Returns the last common place of the best ways to all of `ends`.
    fn meeting(&self, mut ends: BTreeSet<usize>) -> usize {
        while let Some(last) = ends.pop_last() {
            if ends.is_empty() {
                return last;
            }
            ends.insert(last - length_of(self.step(last)));
        }
        self.steps_start
    }

    /// Forgets the scores before `place`.
    fn forget_scores(&mut self, place: usize) {
        self.scores.drain(..place - self.scores_start);
        self.scores_start = place;
    }

    /// Forgets the steps before `place`.
    fn forget_steps(&mut self, place: usize) {
        self.steps.drain(..place - self.steps_start);
        self.steps_start = place;
    }
}

fn resize<Number: Clone + Default>(numbers: &mut Vec<Number>, length: usize) -> Result<()> {
    if length > numbers.len() {
        reserve(numbers, length - numbers.len(), MemoryUse::Text)?;
        numbers.resize(length, Number::default());
    }
    Ok(())
}

/// Returns the length in bytes of the UTF-8 character that starts with `first`.
#[inline]
pub fn character_length(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::Model as _;

    use super::super::Pieces;
    use super::*;

    fn unigram(pieces: &[(String, f64)]) -> Unigram {
        let mut list = Pieces::default();
        pieces.iter().for_each(|(piece, score)| list.push(piece, *score).unwrap());
        Unigram::from_pieces(list, Some(0), false).unwrap()
    }

    fn pieces(list: &[(&str, f64)]) -> Vec<(String, f64)> {
        list.iter().map(|&(piece, score)| (piece.to_owned(), score)).collect()
    }

    fn tokens(unigram: &Unigram, word: &str, wanted: usize) -> Vec<Token> {
        let mut tokens = Vec::new();
        let visit = |token| {
            tokens.push(token);
            Ok(())
        };
        unigram.tokenize(word, wanted, &mut Scratch::default(), visit).unwrap();
        tokens
    }

    fn expected(pieces: &[(String, f64)], word: &str) -> Vec<Token> {
        let peer = tokenizers::models::unigram::Unigram::from(pieces.to_vec(), Some(0), false).unwrap();
        let tokens = peer.tokenize(word).unwrap();
        tokens.into_iter().map(|token| Token { id: token.id, end: token.offsets.1 }).collect()
    }

    fn assert_same(pieces: &[(String, f64)], word: &str) {
        let (unigram, expected) = (unigram(pieces), expected(pieces, word));
        assert_eq!(tokens(&unigram, word, usize::MAX), expected);
        for wanted in [1, 2, 100, expected.len() / 2, expected.len(), expected.len() + 1] {
            assert_eq!(tokens(&unigram, word, wanted), expected[..wanted.min(expected.len())], "{wanted}");
        }
    }

    /// The longest piece is the best, so there are as many ways as it has lengths, and they never meet.
    #[test]
    fn ways_that_never_meet() {
        let pieces =
            pieces(&[("<unk>", 0.0), ("x", -8.0), ("xx", -9.0), ("xxx", -10.0), ("xxxxx", -11.0), ("y", -9.0)]);
        for length in 3 * STRETCH..3 * STRETCH + 7 {
            assert_same(&pieces, &"x".repeat(length));
            assert_same(&pieces, &format!("y{}y", "x".repeat(length)));
        }
    }

    #[test]
    fn a_run_of_unknown_characters_is_one_token_wherever_it_is_cut() {
        let pieces = pieces(&[("<unk>", 0.0), ("a", -2.0), ("ab", -3.0), ("\u{e000}\u{e000}", -50.0)]);
        for start in ["", "a", "ab"] {
            for run in [1, 2, STRETCH, 3 * STRETCH] {
                assert_same(&pieces, &format!("{start}{}ab", "\u{e000}".repeat(run)));
                assert_same(&pieces, &format!("{start}{}", "z".repeat(run)));
            }
        }
    }

    #[test]
    fn only_undecided_places_take_memory() {
        let unigram = unigram(&pieces(&[("<unk>", 0.0), ("x", -8.0), ("xx", -9.0), ("xyz", -11.0)]));
        for (word, wanted) in
            [("xyz".repeat(1 << 20), usize::MAX), ("z".repeat(1 << 20), 9), ("x".repeat(1 << 21), 500)]
        {
            let (mut scratch, mut count) = (Scratch::default(), 0);
            let visit = |_| {
                count += 1;
                Ok(())
            };
            unigram.search(&word, &mut scratch, &mut Output { wanted, visit, unknown_from: None }).unwrap();
            assert!(count > 0 && count <= wanted);
            assert!(scratch.steps.capacity().max(scratch.scores.capacity()) <= KEPT_PLACES);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_word_of_any_vocabulary(
            vocabulary in prop::collection::btree_map("[abé]{1,7}", 1_i32..6, 1..20),
            parts in prop::collection::vec(("[abéz]{1,9}", 1_usize..1500), 1..6),
        ) {
            let mut pieces = vec![("<unk>".to_owned(), 0.0)];
            // Whole numbers, for ties.
            pieces.extend(vocabulary.into_iter().map(|(piece, score)| (piece, f64::from(-score))));
            assert_same(&pieces, &parts.iter().map(|(part, times)| part.repeat(*times)).collect::<String>());
        }
    }
}
