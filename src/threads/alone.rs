//! What the module offers where there are no threads.

/// How many threads there are, the caller included.
pub const fn count() -> usize {
    1
}

/// How many parts to make of `units` of work.
pub const fn parts(_units: usize, _least: usize) -> usize {
    1
}

/// Does `work` on every part.
pub fn split<Part>(parts: Vec<Part>, work: impl Fn(Part)) {
    parts.into_iter().for_each(work);
}

/// Work that is done when its result is wanted.
pub struct Task<T> {
    state: State<T>,
}

enum State<T> {
    Waiting(Box<dyn FnOnce() -> T>),
    Done(T),
    Empty,
}

impl<T> Task<T> {
    pub fn new(work: impl FnOnce() -> T + 'static) -> Self {
        Self { state: State::Waiting(Box::new(work)) }
    }

    /// Does the work.
    pub fn help(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Empty) {
            State::Waiting(work) => State::Done(work()),
            state => state,
        };
    }

    /// The result, once, if it is there.
    pub fn take(&mut self) -> Option<T> {
        match std::mem::replace(&mut self.state, State::Empty) {
            State::Done(result) => Some(result),
            state => {
                self.state = state;
                None
            }
        }
    }
}
