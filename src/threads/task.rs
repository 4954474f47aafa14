//! A piece of work for one thread, and its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pool::{POOL, Run};

/// Work that waits for a thread, or for the caller to help. Tasks begin in the order of creation. A task that is
/// dropped before it begins never runs.
pub struct Task<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting(Box<dyn FnOnce() -> T + Send>),
    Begun,
    Done(T),
    /// The work panicked in a thread that continued.
    Lost,
}

impl<T: Send + 'static> Task<T> {
    pub fn new(work: impl FnOnce() -> T + Send + 'static) -> Self {
        let shared = Arc::new(Shared { state: Mutex::new(State::Waiting(Box::new(work))) });
        POOL.add(Arc::clone(&shared) as Arc<dyn Run>);
        Self { shared }
    }

    /// Runs this work. If another thread has begun it, runs other work that waits, or sleeps for a moment.
    ///
    /// # Panics
    /// If a thread has failed.
    pub fn help(&mut self) {
        self.shared.run();
        if !self.over() && !POOL.help() {
            POOL.wait_unless(|| self.over());
        }
    }

    /// Returns the result, once, if it is ready.
    ///
    /// # Panics
    /// If the work panicked.
    pub fn take(&mut self) -> Option<T> {
        let mut state = self.shared.lock();
        match std::mem::replace(&mut *state, State::Begun) {
            State::Done(result) => Some(result),
            State::Lost => panic!("a task panicked in another thread"),
            other => {
                *state = other;
                None
            }
        }
    }

    fn over(&self) -> bool {
        matches!(*self.shared.lock(), State::Done(_) | State::Lost)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        drop(self.shared.begin());
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the work out if no thread has begun it.
    fn begin(&self) -> Option<Box<dyn FnOnce() -> T + Send>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Begun) {
            State::Waiting(work) => Some(work),
            other => {
                *state = other;
                None
            }
        }
    }
}

impl<T: Send> Run for Shared<T> {
    fn run(&self) {
        let Some(work) = self.begin() else { return };
        let unless_done = Lose(self);
        let result = work();
        *self.lock() = State::Done(result);
        std::mem::forget(unless_done);
    }
}

/// Marks work that panicked.
struct Lose<'a, T>(&'a Shared<T>);

impl<T> Drop for Lose<'_, T> {
    fn drop(&mut self) {
        *self.0.lock() = State::Lost;
    }
}
