//! Splits one thread's work into parts that idle threads may take.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::pool::{Divided, POOL};

/// Checks for the last parts before a thread sleeps. They take some microseconds, as those parts usually do.
const LOOKS: usize = 2000;

/// Runs the part with this number.
type DoPart<'a> = dyn Fn(usize) + Sync + 'a;

/// Parts that each run once, in the first thread that takes them.
pub struct Split {
    /// Valid while `unfinished` is not 0.
    work: *const DoPart<'static>,
    parts: usize,
    /// The first part that no thread has begun.
    next: AtomicUsize,
    unfinished: AtomicUsize,
    panicked: AtomicBool,
}

// SAFETY: the pointer leads to a Sync value, and its validity does not depend on threads.
unsafe impl Send for Split {}
// SAFETY: as for Send.
unsafe impl Sync for Split {}

impl Divided for Split {
    fn has_parts(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.parts
    }

    fn help(&self) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            let done = Done(self);
            // SAFETY: this part is not finished, and `run` does not return before it is.
            unsafe { (*self.work)(part) };
            drop(done);
        }
    }
}

impl Split {
    fn finished(&self) -> bool {
        self.unfinished.load(Ordering::Acquire) == 0
    }

    fn wait(&self) {
        for _ in 0..LOOKS {
            if self.finished() {
                return;
            }
            std::hint::spin_loop();
        }
        while !self.finished() {
            POOL.wait_unless(|| self.finished());
        }
    }
}

/// Counts a part as finished, even if it panicked.
struct Done<'a>(&'a Split);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.store(true, Ordering::Relaxed);
        }
        if self.0.unfinished.fetch_sub(1, Ordering::Release) == 1 {
            POOL.tell();
        }
    }
}

/// Waits for the parts in other threads, even if one panicked here.
struct Close<'a>(&'a Arc<Split>);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        // Parts that have not begun will not begin any more.
        let begun = self.0.next.swap(self.0.parts, Ordering::Relaxed).min(self.0.parts);
        self.0.unfinished.fetch_sub(self.0.parts - begun, Ordering::Relaxed);
        POOL.close(Arc::as_ptr(self.0).cast());
        self.0.wait();
    }
}

/// Number of parts to split `units` of work into, each of at least `least` units; 1 if no thread is idle.
pub fn parts(units: usize, least: usize) -> usize {
    match POOL.idle() {
        0 => 1,
        idle => (units / least.max(1)).clamp(1, idle + 1),
    }
}

/// Runs `work` on every part, with the help of idle threads.
///
/// # Panics
/// If `work` panics in any thread.
pub fn split<Part: Send>(parts: Vec<Part>, work: impl Fn(Part) + Sync) {
    if parts.len() < 2 {
        return parts.into_iter().for_each(work);
    }
    let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    run(parts.len(), &|index| {
        let part = parts[index].lock().unwrap_or_else(PoisonError::into_inner).take();
        part.map(&work);
    });
}

fn run(parts: usize, work: &DoPart<'_>) {
    // SAFETY: only the lifetime changes. Threads read the pointer for unfinished parts, and `Close` waits for all parts
    // that have begun before this function returns or unwinds. A failed thread leaves its part unfinished, and then
    // `wait` panics. Only WebAssembly has such threads. A panic there does not unwind but ends the use of the instance,
    // so the borrowed values stay in place.
    let work = unsafe { std::mem::transmute::<*const DoPart<'_>, *const DoPart<'static>>(work) };
    let split = Arc::new(Split {
        work,
        parts,
        next: AtomicUsize::new(0),
        unfinished: AtomicUsize::new(parts),
        panicked: AtomicBool::new(false),
    });
    let open = POOL.open(Arc::clone(&split) as Arc<dyn Divided>).then(|| Close(&split));
    split.help();
    drop(open);
    assert!(!split.panicked.load(Ordering::Relaxed), "a part of the work panicked in another thread");
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::threads::{Task, count, serve};

    /// The pool belongs to the process, so this one test covers all cases.
    fn with_threads() {
        while count() < 4 {
            let before = count();
            std::thread::spawn(serve);
            while count() == before {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn every_part_is_done_once_and_before_the_end() {
        with_threads();
        for round in 0..2000 {
            let mut numbers = vec![0u32; round % 60];
            let parts = numbers.chunks_mut(7).enumerate().collect();
            split(parts, |(index, part): (usize, &mut [u32])| part.iter_mut().for_each(|it| *it += index as u32 + 1));
            assert!(numbers.iter().enumerate().all(|(index, &it)| it == index as u32 / 7 + 1), "{numbers:?}");
        }
    }

    #[test]
    fn tasks_split_their_work_too() {
        with_threads();
        let mut tasks: Vec<_> = (0..40u64)
            .map(|task| {
                Task::new(move || {
                    let mut sums = [0; 30];
                    split(sums.iter_mut().collect(), |sum| *sum = (0..1000).map(|it| it ^ task).sum());
                    sums.iter().sum::<u64>()
                })
            })
            .collect();
        for (number, task) in (0u64..).zip(&mut tasks) {
            let sum = loop {
                task.help();
                if let Some(sum) = task.take() {
                    break sum;
                }
            };
            assert_eq!(sum, 30 * (0..1000).map(|it| it ^ number).sum::<u64>());
        }
    }

    #[test]
    fn a_part_that_panics_ends_the_split_and_nothing_else() {
        with_threads();
        let lists = [vec![0, 1, 2, 3, 4, 5, 6, 7], vec![7, 0, 0, 0, 0]];
        for list in lists {
            let result = catch_unwind(AssertUnwindSafe(|| split(list, |part| assert!(part != 7, "part {part}"))));
            assert!(result.is_err());
        }
        every_part_is_done_once_and_before_the_end();
    }
}
