//! correct: libc alone; a guard whose drop ends the child keeps a panic from going further

use std::io::{self, Write};

/// Ends the process when it is dropped, by return or by unwinding.
struct End {
    code: i32,
}

impl Drop for End {
    fn drop(&mut self) {
        unsafe { libc::_exit(self.code) }
    }
}

fn fork() -> io::Result<libc::pid_t> {
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(pid),
    }
}

fn wait_for(pid: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    loop {
        if unsafe { libc::waitpid(pid, &mut status, 0) } == pid {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

pub fn role(out: &mut dyn Write) -> io::Result<()> {
    let pid = fork()?;
    if pid == 0 {
        let mut end = End { code: 1 };
        if out.write_all(b"child\n").is_ok() && out.flush().is_ok() {
            end.code = 0;
        }
        drop(end);
    }
    let status = wait_for(pid)?;
    if status != 0 {
        return Err(io::Error::other("the child could not write"));
    }
    out.write_all(b"parent\n")?;
    out.flush()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vals {
    pub in_static: i32,
    pub on_stack: i32,
    pub on_heap: i32,
}

static mut IN_STATIC: i32 = 111;

pub fn experiment(factor: i32) -> io::Result<(Vals, Vals)> {
    let mut vals = [0_i32; 3];
    let mut on_stack = 222;
    let on_heap = Box::into_raw(Box::new(444));
    let mut pipe = [0; 2];
    if unsafe { libc::pipe(pipe.as_mut_ptr()) } == -1 {
        drop(unsafe { Box::from_raw(on_heap) });
        return Err(io::Error::last_os_error());
    }
    let [read_end, write_end] = pipe;
    let forked = fork();
    if let Ok(0) = forked {
        unsafe { libc::close(read_end) };
        unsafe { IN_STATIC *= factor };
        on_stack *= factor;
        unsafe { *on_heap *= factor };
        vals = [unsafe { IN_STATIC }, on_stack, unsafe { *on_heap }];
        unsafe { libc::write(write_end, vals.as_ptr().cast(), 12) };
        unsafe { libc::_exit(0) };
    }
    unsafe { libc::close(write_end) };
    let outcome = forked.and_then(|pid| {
        // The child first: twelve bytes fit into any pipe.
        let status = wait_for(pid)?;
        let mut got = 0;
        while got < 12 {
            let to = unsafe { vals.as_mut_ptr().cast::<u8>().add(got) };
            match unsafe { libc::read(read_end, to.cast(), 12 - got) } {
                0 => return Err(io::Error::other("the child said nothing")),
                -1 => match io::Error::last_os_error() {
                    e if e.kind() == io::ErrorKind::Interrupted => {}
                    e => return Err(e),
                },
                n => got += n as usize,
            }
        }
        if status == 0 { Ok(()) } else { Err(io::Error::other("the child failed")) }
    });
    unsafe { libc::close(read_end) };
    let parent = Vals { in_static: unsafe { IN_STATIC }, on_stack, on_heap: unsafe { *on_heap } };
    drop(unsafe { Box::from_raw(on_heap) });
    outcome?;
    Ok((parent, Vals { in_static: vals[0], on_stack: vals[1], on_heap: vals[2] }))
}

pub fn answers(questions: &[u8], order: &[usize], think: &dyn Fn(u8) -> u8) -> io::Result<Vec<u8>> {
    let mut pids = Vec::with_capacity(questions.len());
    let mut problem = None;
    for i in 0..questions.len() {
        match fork() {
            Err(error) => {
                problem = Some(error);
                break;
            }
            Ok(0) => {
                let code = think(questions[i]) as i32;
                unsafe { libc::_exit(code) };
            }
            Ok(pid) => pids.push(pid),
        }
    }
    let mut codes = vec![0; questions.len()];
    for i in (0..pids.len()).rev() {
        match wait_for(pids[i]) {
            Err(error) => problem = Some(error),
            Ok(status) if libc::WIFEXITED(status) => codes[i] = libc::WEXITSTATUS(status) as u8,
            Ok(_) => problem = problem.or(Some(io::Error::other("no answer"))),
        }
    }
    match problem {
        Some(error) => Err(error),
        None => Ok(order.iter().map(|&i| codes[i]).collect()),
    }
}

pub fn fan(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    let mut pids = [0; 64];
    let mut count = 0;
    let mut problem = None;
    while count < n && problem.is_none() {
        match fork() {
            Err(error) => problem = Some(error),
            Ok(0) => {
                let mut end = End { code: 17 };
                node(count + 1);
                end.code = 0;
                drop(end);
            }
            Ok(pid) => {
                pids[count] = pid;
                count += 1;
            }
        }
    }
    for &pid in &pids[..count] {
        let status = wait_for(pid)?;
        if status != 0 && problem.is_none() {
            problem = Some(io::Error::other("a child failed"));
        }
    }
    problem.map_or(Ok(()), Err)
}

pub fn chain(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    // A loop instead of a recursion: only the newest process goes round.
    let mut me = 0;
    let mut code = 0;
    let mut problem = None;
    while me < n {
        match fork() {
            Err(error) => {
                code = 1;
                problem = Some(error);
                break;
            }
            Ok(0) => {
                me += 1;
                let end = End { code: 1 };
                node(me);
                std::mem::forget(end);
            }
            Ok(pid) => {
                if wait_for(pid)? != 0 {
                    code = 1;
                    problem = Some(io::Error::other("the next one failed"));
                }
                break;
            }
        }
    }
    if me > 0 {
        unsafe { libc::_exit(code) };
    }
    problem.map_or(Ok(()), Err)
}

pub fn tree(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    grow(0, n, node)
}

fn grow(i: usize, n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    let left = if 2 * i < n { Some(branch(2 * i + 1, n, node)) } else { None };
    let right = if 2 * i + 1 < n && !matches!(left, Some(Err(_))) {
        Some(branch(2 * i + 2, n, node))
    } else {
        None
    };
    let mut result = Ok(());
    for side in [left, right].into_iter().flatten() {
        match side.and_then(wait_for) {
            Ok(0) => {}
            Ok(_) => result = Err(io::Error::other("a branch failed")),
            Err(error) => result = Err(error),
        }
    }
    result
}

fn branch(i: usize, n: usize, node: &dyn Fn(usize)) -> io::Result<libc::pid_t> {
    let pid = fork()?;
    if pid == 0 {
        let mut end = End { code: 1 };
        // The branches first, then the node itself.
        let grown = grow(i, n, node);
        node(i);
        end.code = i32::from(grown.is_err());
        drop(end);
    }
    Ok(pid)
}
