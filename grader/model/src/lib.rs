//! The vocabulary of Forklings: plain data that every other crate shares.
//!
//! Nothing here runs, reads or prints anything. The only dependency is serde, so that each value
//! can be written to a record and read back unchanged.

mod access;
mod decisions;
mod ending;
mod event;
mod exercise;
mod finding;
mod id;
mod identity;
mod isolation;
mod judgement;
mod latin1;
mod left_behind;
mod memory;
mod natural;
mod overwritten;
mod replay_file;
mod report;
mod rule;
mod scenario;
mod schedule;
mod signal;
mod signal_set;
mod site;
mod strategy;
mod survey;
mod trace;
mod waiting;

pub use access::{Access, AccessKind, AccessOrder};
pub use decisions::{BadDecision, Decision, Decisions};
pub use ending::Ending;
pub use event::{
    Action, Event, EventKind, ForkKind, IoResult, SignalSource, SignalTarget, WaitOptions,
    WaitOutcome, WaitTarget,
};
pub use exercise::{Course, Exercise, Hints, Limits, Part, Task};
pub use finding::{Detail, Finding, LostIn, PipeEnd, Weight};
pub use id::{Errno, Fd, ObjectId, Pid, ProcId, TaskId};
pub use isolation::Isolation;
pub use judgement::{Explored, Failure, Inspected, Inspector, Judgement, Outcome, Record};
pub use left_behind::{LeftBehind, LeftKind};
pub use memory::{Mapped, Memory, MemoryPart};
pub use natural::{Doubt, Natural, Untold};
pub use overwritten::{Overwritten, overwritten};
pub use replay_file::ReplayFile;
pub use report::{Graded, Report, Subject, Submission, TaskScore, Verdict};
pub use rule::{Family, Rule};
pub use scenario::{Deed, Demand, Scenario, Span, Stream, Waiver};
pub use schedule::{Fault, Schedule, Strike};
pub use signal::Signal;
pub use signal_set::SignalSet;
pub use site::{Frame, SiteId, SourceLine};
pub use strategy::{Strategy, UnknownStrategy};
pub use survey::{Command, CommandReplay, Output, Place, Remark, Shows, Stopped, Survey};
pub use trace::{Descriptor, End, Object, ObjectKind, Process, Stuck, Trace};
pub use waiting::{Holder, Wait, WaitsFor};
