//! What threads wait for and how they find it.

use std::collections::VecDeque;
#[cfg(target_arch = "wasm32")]
use std::sync::atomic::AtomicU8;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::splitting::Split;

/// How long a waiting thread sleeps before it looks whether another has failed.
const PATIENCE: Duration = Duration::from_millis(20);

/// Splits that can be open at once; where all places are taken, work is not split. The number is fixed so that no thread
/// allocates while it holds the lock: if that failed, all would wait for the lock for ever.
const OPEN_SPLITS: usize = 8;

pub static POOL: Pool = Pool {
    state: Mutex::new(State { tasks: VecDeque::new(), splits: [const { None }; OPEN_SPLITS] }),
    work: Condvar::new(),
    done: Condvar::new(),
    workers: AtomicUsize::new(0),
    idle: AtomicUsize::new(0),
    #[cfg(target_arch = "wasm32")]
    failure: AtomicU8::new(0),
};

/// Work that some thread takes from the queue. It does nothing where another was first, or nobody wants it any more.
pub trait Run: Send + Sync {
    fn run(&self);
}

pub struct Pool {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something is done.
    done: Condvar,
    workers: AtomicUsize,
    /// Workers that wait for something to do.
    idle: AtomicUsize,
    #[cfg(target_arch = "wasm32")]
    failure: AtomicU8,
}

struct State {
    tasks: VecDeque<Arc<dyn Run>>,
    splits: [Option<Arc<Split>>; OPEN_SPLITS],
}

enum Work {
    Task(Arc<dyn Run>),
    Split(Arc<Split>),
}

impl State {
    /// Whole tasks first: they need nobody else.
    fn next(&mut self) -> Option<Work> {
        if let Some(task) = self.tasks.pop_front() {
            return Some(Work::Task(task));
        }
        self.splits.iter().flatten().find(|split| split.has_parts()).cloned().map(Work::Split)
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    /// Puts a task at the end of the queue.
    pub fn add(&self, task: Arc<dyn Run>) {
        if self.workers.load(Ordering::Relaxed) > 0 {
            self.lock().tasks.push_back(task);
            self.work.notify_one();
        }
    }

    /// Shows a split to idle threads; false where there is no place for it.
    pub fn open(&self, split: &Arc<Split>) -> bool {
        let mut state = self.lock();
        let Some(place) = state.splits.iter_mut().find(|place| place.is_none()) else { return false };
        *place = Some(Arc::clone(split));
        drop(state);
        self.work.notify_all();
        true
    }

    pub fn close(&self, split: &Arc<Split>) {
        let mut state = self.lock();
        let place = state.splits.iter_mut().find(|place| place.as_ref().is_some_and(|it| Arc::ptr_eq(it, split)));
        if let Some(place) = place {
            *place = None;
        }
    }

    /// Says that something is done, to all who wait for it.
    pub fn tell(&self) {
        // Who looks whether it is done does so under the lock, so nobody can miss this between the look and the wait.
        drop(self.lock());
        self.done.notify_all();
    }

    /// Does one piece of work that waits in the pool; false where there is none.
    pub fn help(&self) -> bool {
        let work = self.lock().next();
        let found = work.is_some();
        if let Some(work) = work {
            self.run(work);
        }
        found
    }

    /// Waits until something is done, but no longer than a moment.
    ///
    /// # Panics
    /// Where a thread has failed.
    pub fn wait_unless(&self, finished: impl Fn() -> bool) {
        let state = self.lock();
        if !finished() {
            drop(self.done.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner));
        }
        #[cfg(target_arch = "wasm32")]
        assert!(self.failure.load(Ordering::Relaxed) == 0, "a thread failed");
    }

    fn run(&self, work: Work) {
        match work {
            Work::Task(task) => {
                task.run();
                self.tell();
            }
            Work::Split(split) => split.help(),
        }
    }

    fn serve(&self) -> ! {
        self.workers.fetch_add(1, Ordering::Relaxed);
        loop {
            let mut state = self.lock();
            let work = match state.next() {
                Some(work) => work,
                None => {
                    self.idle.fetch_add(1, Ordering::Relaxed);
                    let work = loop {
                        state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                        if let Some(work) = state.next() {
                            break work;
                        }
                    };
                    self.idle.fetch_sub(1, Ordering::Relaxed);
                    work
                }
            };
            drop(state);
            self.run(work);
        }
    }
}

/// How many threads there are, the caller included.
pub fn count() -> usize {
    1 + POOL.workers.load(Ordering::Relaxed)
}

/// Makes the calling thread work for the others, for good.
pub fn serve() -> ! {
    POOL.serve()
}

/// Says that a thread has failed; nothing that waits for it will ever be done.
#[cfg(target_arch = "wasm32")]
pub fn fail(out_of_memory: bool) {
    // Of several failures lack of memory counts, whose consequences the others can be.
    POOL.failure.fetch_max(if out_of_memory { 2 } else { 1 }, Ordering::Relaxed);
    POOL.done.notify_all();
}

/// True where a thread has failed for lack of memory.
#[cfg(target_arch = "wasm32")]
pub fn out_of_memory() -> bool {
    POOL.failure.load(Ordering::Relaxed) == 2
}
