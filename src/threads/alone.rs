//! The interface of this module in builds without threads.

/// Number of threads, the caller included.
pub const fn count() -> usize {
    1
}

/// Number of parts to split `units` of work into.
pub const fn parts(_units: usize, _least: usize) -> usize {
    1
}

/// Runs `work` on every part.
pub fn split<Part>(parts: Vec<Part>, work: impl Fn(Part)) {
    parts.into_iter().for_each(work);
}

/// Work that runs when its result is needed.
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

    /// Runs the work.
    pub fn help(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Empty) {
            State::Waiting(work) => State::Done(work()),
            state => state,
        };
    }

    /// Returns the result, once, if it is ready.
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
