use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

fn number(kind: MapFlags) -> nix::Result<&'static AtomicU32> {
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    let size = std::num::NonZero::<usize>::MIN;
    Ok(unsafe { mmap_anonymous(None, size, protection, kind)?.cast().as_ref() })
}

pub fn main() -> std::io::Result<()> {
    let private = number(MapFlags::MAP_PRIVATE)?;
    let shared = number(MapFlags::MAP_SHARED)?;
    let ForkResult::Parent { child } = (unsafe { fork() })? else {
        private.store(1, SeqCst);
        shared.store(1, SeqCst);
        unsafe { libc::_exit(0) }
    };
    println!("private {}, shared {}", private.load(SeqCst), shared.load(SeqCst));
    waitpid(child, None)?;
    println!("private {}, shared {}", private.load(SeqCst), shared.load(SeqCst));
    Ok(())
}
