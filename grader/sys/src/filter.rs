//! Seccomp programs: what happens to each system call, as a binary search tree over call numbers.
//! A tree of n ranges costs log n comparisons a call; a list would cost n. Source: `seccomp(2)`.

use std::collections::BTreeMap;

/// What the kernel does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Runs it.
    Allow,
    /// Asks the tracer. Without a tracer the call fails with ENOSYS.
    Trace,
    /// Asks the tracer if any of these bits is set in the lower half of an argument (from 0), and
    /// runs the call otherwise.
    TraceIf {
        /// Which argument.
        argument: u8,
        /// The bits.
        bits: u32,
    },
    /// Asks the tracer unless the lower half of an argument (from 0) is this.
    TraceUnless {
        /// Which argument.
        argument: u8,
        /// Its value.
        value: u32,
    },
    /// Fails with this errno.
    Fail(i32),
}

/// A compiled filter.
#[derive(Clone, Debug)]
pub struct Filter(Vec<libc::sock_filter>);

/// Offset of the call's number in `struct seccomp_data`.
const NUMBER: u32 = 0;
/// Offset of the architecture in `struct seccomp_data`.
const ARCHITECTURE: u32 = 4;
/// Offset of the first argument in `struct seccomp_data`; each has eight bytes, the lower half first.
const ARGUMENTS: u32 = 16;
/// `AUDIT_ARCH_X86_64`. Source: linux/audit.h.
const X86_64: u32 = 0xC000_003E;
/// Calls of the x32 ABI have this bit in their number.
const X32: u32 = 0x4000_0000;

impl Filter {
    /// Compiles a filter: `calls` by number, `otherwise` for all that it does not name. Calls of
    /// other ABIs of the machine (32-bit, x32) fail with ENOSYS.
    #[must_use]
    pub fn new(calls: &BTreeMap<i64, Verdict>, otherwise: Verdict) -> Self {
        let mut ranges = vec![(0, otherwise)];
        let mut begin = |at: u32, verdict: Verdict| match ranges.last_mut() {
            Some(last) if last.0 == at => last.1 = verdict,
            Some(last) if last.1 == verdict => {}
            _ => ranges.push((at, verdict)),
        };
        for (&number, &verdict) in calls {
            let Ok(number) = u32::try_from(number) else { continue };
            begin(number, verdict);
            begin(number + 1, otherwise);
        }
        begin(X32, Verdict::Fail(libc::ENOSYS));

        let mut program = vec![
            load(ARCHITECTURE),
            jump(libc::BPF_JEQ, X86_64, 1, 0),
            answer(Verdict::Fail(libc::ENOSYS)),
            load(NUMBER),
        ];
        program.extend(tree(&ranges));
        Self(program)
    }

    /// The instructions, for the kernel.
    pub(crate) fn program(&self) -> &[libc::sock_filter] {
        &self.0
    }
}

/// Each range begins at its number and ends before the next one's.
fn tree(ranges: &[(u32, Verdict)]) -> Vec<libc::sock_filter> {
    if let [(_, verdict)] = ranges {
        return match *verdict {
            Verdict::TraceIf { argument, bits } => vec![
                load(ARGUMENTS + 8 * u32::from(argument)),
                jump(libc::BPF_JSET, bits, 0, 1),
                answer(Verdict::Trace),
                answer(Verdict::Allow),
            ],
            Verdict::TraceUnless { argument, value } => vec![
                load(ARGUMENTS + 8 * u32::from(argument)),
                jump(libc::BPF_JEQ, value, 1, 0),
                answer(Verdict::Trace),
                answer(Verdict::Allow),
            ],
            plain @ (Verdict::Allow | Verdict::Trace | Verdict::Fail(_)) => vec![answer(plain)],
        };
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let pivot = high[0].0;
    let low = tree(low);
    let mut program = match u8::try_from(low.len()) {
        Ok(skip) => vec![jump(libc::BPF_JGE, pivot, skip, 0)],
        // Conditional jumps reach 255 instructions; an unconditional one reaches all.
        Err(_) => vec![
            jump(libc::BPF_JGE, pivot, 0, 1),
            instruction(libc::BPF_JMP | libc::BPF_JA, 0, 0, u32::try_from(low.len()).unwrap_or(0)),
        ],
    };
    program.extend(low);
    program.extend(tree(high));
    program
}

fn load(offset: u32) -> libc::sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
}

fn jump(condition: u32, value: u32, if_true: u8, if_false: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | condition | libc::BPF_K, if_true, if_false, value)
}

fn answer(verdict: Verdict) -> libc::sock_filter {
    let value = match verdict {
        Verdict::Allow => libc::SECCOMP_RET_ALLOW,
        Verdict::Trace | Verdict::TraceIf { .. } | Verdict::TraceUnless { .. } => {
            libc::SECCOMP_RET_TRACE
        }
        Verdict::Fail(errno) => libc::SECCOMP_RET_ERRNO | errno.unsigned_abs(),
    };
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, value)
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: u16::try_from(code).unwrap_or(0), jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(filter: &Filter, number: u32) -> u32 {
        run_with(filter, number, 0)
    }

    /// Runs a filter as the kernel would, for one call number; all arguments are `argument`.
    fn run_with(filter: &Filter, number: u32, argument: u32) -> u32 {
        let (mut at, mut value) = (0usize, 0u32);
        loop {
            let step = filter.0[at];
            at += 1;
            let code = u32::from(step.code);
            if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS {
                value = match step.k {
                    NUMBER => number,
                    ARCHITECTURE => X86_64,
                    _ => argument,
                };
            } else if code == libc::BPF_RET | libc::BPF_K {
                return step.k;
            } else if code == libc::BPF_JMP | libc::BPF_JA {
                at += step.k as usize;
            } else {
                let met = match code & 0xf0 {
                    libc::BPF_JEQ => value == step.k,
                    libc::BPF_JSET => value & step.k != 0,
                    _ => value >= step.k,
                };
                at += usize::from(if met { step.jt } else { step.jf });
            }
        }
    }

    #[test]
    fn every_number_gets_the_verdict_it_was_given() {
        let mut calls = BTreeMap::new();
        for number in (0..900).step_by(2) {
            calls.insert(number, if number % 3 == 0 { Verdict::Trace } else { Verdict::Fail(1) });
        }
        let filter = Filter::new(&calls, Verdict::Allow);
        for number in 0..1000u32 {
            let want = *calls.get(&i64::from(number)).unwrap_or(&Verdict::Allow);
            assert_eq!(run(&filter, number), answer(want).k, "call {number}");
        }
        assert_eq!(run(&filter, X32 + 1), answer(Verdict::Fail(libc::ENOSYS)).k);
    }

    #[test]
    fn an_argument_decides_where_it_was_asked_to() {
        let verdict = Verdict::TraceIf { argument: 3, bits: 1 };
        let filter = Filter::new(&BTreeMap::from([(9, verdict)]), Verdict::Fail(1));
        assert_eq!(run_with(&filter, 9, 3), answer(Verdict::Trace).k);
        assert_eq!(run_with(&filter, 9, 2), answer(Verdict::Allow).k);
        assert_eq!(run_with(&filter, 10, 3), answer(Verdict::Fail(1)).k);
        let verdict = Verdict::TraceUnless { argument: 1, value: 1 };
        let filter = Filter::new(&BTreeMap::from([(72, verdict)]), Verdict::Fail(1));
        assert_eq!(run_with(&filter, 72, 3), answer(Verdict::Trace).k);
        assert_eq!(run_with(&filter, 72, 0), answer(Verdict::Trace).k);
        assert_eq!(run_with(&filter, 72, 1), answer(Verdict::Allow).k);
    }
}
