//! correct: reaps when SIGCHLD says so, with WNOHANG and sigwait

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid, fork};
use std::cell::Cell;
use std::io::{self, PipeReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The children of one call. While it exists SIGCHLD is blocked, so that none is missed between
/// the look and the sleep.
struct Nursery {
    before: SigSet,
    children: Vec<(Pid, Option<WaitStatus>)>,
    refused: Option<Errno>,
}

impl Nursery {
    fn open() -> io::Result<Self> {
        let before = SigSet::from(Signal::SIGCHLD).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { before, children: Vec::new(), refused: None })
    }

    fn add(&mut self, work: impl FnOnce() -> i32) {
        if self.refused.is_some() {
            return;
        }
        match unsafe { fork() } {
            Err(error) => self.refused = Some(error),
            Ok(ForkResult::Parent { child }) => self.children.push((child, None)),
            Ok(ForkResult::Child) => {
                let before = self.before;
                let code = catch_unwind(AssertUnwindSafe(move || {
                    let _ = before.thread_set_mask();
                    work()
                }));
                unsafe { libc::_exit(code.unwrap_or(99)) }
            }
        }
    }

    fn close(mut self) -> io::Result<Vec<WaitStatus>> {
        let news = SigSet::from(Signal::SIGCHLD);
        loop {
            let mut all = true;
            for (pid, status) in self.children.iter_mut().filter(|(_, status)| status.is_none()) {
                match waitid(Id::Pid(*pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG)? {
                    WaitStatus::StillAlive => all = false,
                    ended => *status = Some(ended),
                }
            }
            if all {
                break;
            }
            match news.wait() {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.before.thread_set_mask()?;
        match self.refused {
            Some(error) => Err(error.into()),
            None => Ok(self.children.into_iter().filter_map(|(_, status)| status).collect()),
        }
    }

    fn close_well(self) -> io::Result<()> {
        for status in self.close()? {
            let WaitStatus::Exited(_, 0) = status else {
                return Err(io::Error::other(format!("{status:?}")));
            };
        }
        Ok(())
    }
}

pub fn role(out: &mut dyn Write) -> io::Result<()> {
    let mut nursery = Nursery::open()?;
    nursery.add(|| i32::from(out.write_all(b"child\n").and_then(|()| out.flush()).is_err()));
    nursery.close_well()?;
    out.write_all(b"parent\n")?;
    out.flush()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vals {
    pub in_static: i32,
    pub on_stack: i32,
    pub on_heap: i32,
}

thread_local! {
    static IN_STATIC: Cell<i32> = const { Cell::new(111) };
}

fn number(from: &mut PipeReader) -> io::Result<i32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(i32::from_be_bytes(bytes))
}

pub fn experiment(factor: i32) -> io::Result<(Vals, Vals)> {
    let on_stack = Cell::new(222);
    let on_heap = Box::new(Cell::new(444));
    let (mut from_child, mut to_parent) = io::pipe()?;
    let mut nursery = Nursery::open()?;
    nursery.add(|| {
        for variable in [&on_stack, &*on_heap] {
            variable.set(variable.get() * factor);
        }
        IN_STATIC.set(IN_STATIC.get() * factor);
        for value in [IN_STATIC.get(), on_stack.get(), on_heap.get()] {
            if to_parent.write_all(&value.to_be_bytes()).is_err() {
                return 1;
            }
        }
        0
    });
    nursery.close_well()?;
    drop(to_parent);
    let child = Vals {
        in_static: number(&mut from_child)?,
        on_stack: number(&mut from_child)?,
        on_heap: number(&mut from_child)?,
    };
    let parent =
        Vals { in_static: IN_STATIC.get(), on_stack: on_stack.get(), on_heap: on_heap.get() };
    Ok((parent, child))
}

pub fn answers(questions: &[u8], order: &[usize], think: &dyn Fn(u8) -> u8) -> io::Result<Vec<u8>> {
    let mut nursery = Nursery::open()?;
    for question in questions {
        nursery.add(|| i32::from(think(*question)));
    }
    let statuses = nursery.close()?;
    let code = |status: &WaitStatus| match status {
        WaitStatus::Exited(_, code) => u8::try_from(*code).map_err(io::Error::other),
        other => Err(io::Error::other(format!("{other:?} is no answer"))),
    };
    let codes: Vec<u8> = statuses.iter().map(code).collect::<Result<_, _>>()?;
    Ok(order.iter().map(|i| codes[*i]).collect())
}

pub fn fan(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    let mut nursery = Nursery::open()?;
    for i in 1..=n {
        nursery.add(|| {
            node(i);
            0
        });
    }
    nursery.close_well()
}

pub fn chain(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    descend(0, n, node, &|i| i + 1..i + 2)
}

pub fn tree(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    descend(0, n, node, &|i| 2 * i + 1..2 * i + 3)
}

fn descend(
    i: usize,
    n: usize,
    node: &dyn Fn(usize),
    children: &dyn Fn(usize) -> std::ops::Range<usize>,
) -> io::Result<()> {
    let mut nursery = Nursery::open()?;
    for next in children(i).filter(|next| *next <= n) {
        nursery.add(|| {
            node(next);
            i32::from(descend(next, n, node, children).is_err())
        });
    }
    nursery.close_well()
}
