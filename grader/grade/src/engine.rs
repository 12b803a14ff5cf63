//! Works through pairs of submission and exercise on this machine: workers grade, one thread (the
//! caller's) writes the journal and tells who watches. A pair is taken up, or not begun, or
//! dropped when the run is cancelled; it is never half in the journal.

use crate::error::GradeError;
use crate::pair::{Grader, Outcome};
use crate::progress::{Progress, Step};
use crate::take_in::Work;
use forklings_model::Graded;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a cancellation may go unseen.
const LOOK: Duration = Duration::from_millis(50);

/// From a worker to the caller's thread.
enum Message<'a> {
    Step(&'a Work, Step),
    Done(&'a Work, Result<Outcome, GradeError>),
}

/// Grades all of `work` with `jobs` workers. `done` gets each result as it comes; its error, like a
/// worker's, stops the run.
pub(crate) fn run<'a>(
    grader: &Grader<'_>,
    work: &[&'a Work],
    jobs: usize,
    cancel: &AtomicBool,
    progress: &mut dyn Progress,
    mut done: impl FnMut(&'a Work, Graded, &mut dyn Progress) -> Result<(), GradeError>,
) -> Result<(), GradeError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(cancel.load(Ordering::Relaxed));
    let (sender, messages) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, work.len().max(1)) {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed)
                    && let Some(work) = work.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let step = |step| drop(sender.send(Message::Step(work, step)));
                    let outcome = grade_one(grader, work, stop, &step);
                    if sender.send(Message::Done(work, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut first_error = None;
        loop {
            match messages.recv_timeout(LOOK) {
                Ok(Message::Step(work, step)) => {
                    progress.step(&work.submission, &work.exercise, step);
                }
                Ok(Message::Done(_, Ok(Outcome::Cancelled))) => {}
                Ok(Message::Done(work, outcome)) => {
                    let result = outcome.and_then(|outcome| match outcome {
                        Outcome::Graded(graded) => done(work, *graded, progress),
                        Outcome::Cancelled => Ok(()),
                    });
                    if let Err(error) = result {
                        stop.store(true, Ordering::Relaxed);
                        first_error.get_or_insert(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if cancel.load(Ordering::Relaxed) {
                stop.store(true, Ordering::Relaxed);
            }
        }
        first_error.map_or(Ok(()), Err)
    })
}

/// A defect of the grader that shows in one pair must not take the others with it.
fn grade_one(
    grader: &Grader<'_>,
    work: &Work,
    stop: &AtomicBool,
    step: &dyn Fn(Step),
) -> Result<Outcome, GradeError> {
    catch_unwind(AssertUnwindSafe(|| grader.grade(work, stop, step))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a message");
        grader.failed(work, format!("the grader panicked: {text}; please report it"))
    })
}
