//! The pool: queue, open places and condition variables through which threads find work.

use std::collections::VecDeque;
#[cfg(target_arch = "wasm32")]
use std::sync::atomic::AtomicU8;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest sleep of a waiting thread before it checks whether another one has failed.
const PATIENCE: Duration = Duration::from_millis(20);

/// Places for divided work. The caller does all of its work if they are taken. Their number is fixed, because a thread
/// that panics under the lock, as for lack of memory, would leave all others waiting for ever.
const OPEN_PLACES: usize = 8;

pub static POOL: Pool = Pool::new();

/// Work that one thread takes from the queue. It does nothing if another thread began it or its owner dropped it.
pub trait Run: Send + Sync {
    fn run(&self);
}

/// Work in parts, which several threads share.
pub trait Divided: Send + Sync {
    /// True while a part has not begun.
    fn has_parts(&self) -> bool;

    /// Runs parts until all have begun.
    fn help(&self);
}

pub struct Pool {
    state: Mutex<State>,
    /// Signals that there is work.
    work: Condvar,
    /// Signals that work is done.
    done: Condvar,
    workers: AtomicUsize,
    /// Workers that wait for work.
    idle: AtomicUsize,
    /// Tells workers to leave.
    ending: AtomicBool,
    #[cfg(target_arch = "wasm32")]
    failure: AtomicU8,
}

struct State {
    tasks: VecDeque<Arc<dyn Run>>,
    open: [Option<Arc<dyn Divided>>; OPEN_PLACES],
}

enum Next {
    Task(Arc<dyn Run>),
    Divided(Arc<dyn Divided>),
}

impl State {
    /// Whole tasks come first: they need no other thread.
    fn next(&mut self) -> Option<Next> {
        if let Some(task) = self.tasks.pop_front() {
            return Some(Next::Task(task));
        }
        self.open.iter().flatten().find(|work| work.has_parts()).cloned().map(Next::Divided)
    }
}

impl Pool {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State { tasks: VecDeque::new(), open: [const { None }; OPEN_PLACES] }),
            work: Condvar::new(),
            done: Condvar::new(),
            workers: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            #[cfg(target_arch = "wasm32")]
            failure: AtomicU8::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    /// Puts a task at the end of the queue.
    pub fn add(&self, task: Arc<dyn Run>) {
        if self.workers.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut state = self.lock();
        // If the queue cannot grow, the thread that needs the result does the task.
        if state.tasks.try_reserve(1).is_ok() {
            state.tasks.push_back(task);
            drop(state);
            self.work.notify_one();
        }
    }

    /// Offers divided work to idle threads; returns false if no place is free.
    pub fn open(&self, work: Arc<dyn Divided>) -> bool {
        let mut state = self.lock();
        let Some(place) = state.open.iter_mut().find(|place| place.is_none()) else { return false };
        *place = Some(work);
        drop(state);
        self.work.notify_all();
        true
    }

    /// Withdraws divided work, found by its address.
    pub fn close(&self, work: *const ()) {
        let mut state = self.lock();
        let is_it = |open: &Arc<dyn Divided>| Arc::as_ptr(open).cast() == work;
        if let Some(place) = state.open.iter_mut().find(|place| place.as_ref().is_some_and(is_it)) {
            *place = None;
        }
    }

    /// Wakes all threads that wait for work to be done.
    pub fn tell(&self) {
        // Waiting threads check under the lock, so none can miss the signal between its check and its sleep.
        drop(self.lock());
        self.done.notify_all();
    }

    /// Runs one piece of work that waits in the pool; returns false if there is none.
    pub fn help(&self) -> bool {
        let work = self.lock().next();
        let found = work.is_some();
        if let Some(work) = work {
            self.run(work);
        }
        found
    }

    /// Sleeps until work is done, but at most for `PATIENCE`, unless `finished` holds.
    ///
    /// # Panics
    /// If a thread has failed, or the pool ends.
    pub fn wait_unless(&self, finished: impl Fn() -> bool) {
        let state = self.lock();
        if finished() {
            drop(state);
        } else {
            drop(self.done.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner));
        }
        // Outside the lock: a panic does not unwind there, so the lock would stay closed.
        #[cfg(target_arch = "wasm32")]
        {
            assert!(self.failure.load(Ordering::Relaxed) == 0, "a thread of the pool failed");
            assert!(!self.ending.load(Ordering::Relaxed), "the pool of threads is ending");
        }
    }

    fn run(&self, found: Next) {
        match found {
            Next::Task(task) => {
                task.run();
                self.tell();
            }
            Next::Divided(work) => work.help(),
        }
    }

    /// Runs work until the pool ends.
    fn serve(&self) {
        self.workers.fetch_add(1, Ordering::Relaxed);
        while let Some(work) = self.wait_for_work() {
            self.run(work);
        }
        self.workers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns `None` when the pool ends.
    fn wait_for_work(&self) -> Option<Next> {
        let mut state = self.lock();
        let mut is_idle = false;
        let work = loop {
            if self.ending.load(Ordering::Relaxed) {
                break None;
            }
            if let Some(work) = state.next() {
                break Some(work);
            }
            if !is_idle {
                is_idle = true;
                self.idle.fetch_add(1, Ordering::Relaxed);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        if is_idle {
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
        work
    }

    #[cfg(any(target_arch = "wasm32", test))]
    fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
        // Waiting threads check under the lock, so none can miss the signal between its check and its sleep.
        drop(self.lock());
        self.work.notify_all();
    }
}

/// Number of threads, the caller included.
pub fn count() -> usize {
    1 + POOL.workers.load(Ordering::Relaxed)
}

/// Makes the calling thread work for the others until the pool ends.
pub fn serve() {
    POOL.serve();
}

/// Makes every worker leave after the work that it is doing.
#[cfg(target_arch = "wasm32")]
pub fn end() {
    POOL.end();
}

/// Records that a thread has failed. Work that waits for it will never be done.
#[cfg(target_arch = "wasm32")]
pub fn fail(out_of_memory: bool) {
    // Several failures count as lack of memory if one of them is, because it may have caused the others.
    POOL.failure.fetch_max(if out_of_memory { 2 } else { 1 }, Ordering::Relaxed);
    POOL.done.notify_all();
}

/// True if a thread has failed for lack of memory.
#[cfg(target_arch = "wasm32")]
pub fn out_of_memory() -> bool {
    POOL.failure.load(Ordering::Relaxed) == 2
}

#[cfg(test)]
mod tests {
    use std::thread::{scope, yield_now};

    use super::*;

    struct Mark(AtomicBool);

    impl Run for Mark {
        fn run(&self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn threads_leave_when_the_pool_ends_whatever_they_were_at() {
        for round in 0..200 {
            let pool = Pool::new();
            scope(|threads| {
                for _ in 0..3 {
                    threads.spawn(|| pool.serve());
                }
                while pool.workers.load(Ordering::Relaxed) < 3 {
                    yield_now();
                }
                let mark = Arc::new(Mark(AtomicBool::new(false)));
                if round % 2 == 0 {
                    pool.add(mark.clone());
                }
                while round % 4 == 0 && !mark.0.load(Ordering::Relaxed) {
                    yield_now();
                }
                pool.end();
            });
            assert_eq!(pool.workers.into_inner(), 0);
            assert_eq!(pool.idle.into_inner(), 0);
        }
    }
}
