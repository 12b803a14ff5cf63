//! Memory that a program gets from the kernel and gives back, and what it leaves there.

use crate::kernel::*;
use libc::{
    IPC_PRIVATE, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ,
    PROT_WRITE, c_void,
};
use std::ffi::CStr;
use std::ptr;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("gets-memory", gets_memory),
    ("attaches", attaches),
    ("weighs-itself", weighs_itself),
    ("grows-in-a-child", grows_in_child),
    ("leaves-system-v", leaves_system_v),
    ("leaves-names", leaves_names),
];

const KIB: usize = 1024;

fn map(place: *mut c_void, kib: usize, protection: c_int, flags: c_int) -> *mut c_void {
    unsafe { libc::mmap(place, kib * KIB, protection, flags, -1, 0) }
}

fn unmap(place: *mut c_void, kib: usize) {
    unsafe { libc::munmap(place, kib * KIB) };
}

/// Everything that one can do with memory, in sizes that tell one call from the other.
fn gets_memory() {
    let (both, private) = (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    let first = map(ptr::null_mut(), 40, both, private);
    unmap(first.wrapping_byte_add(8 * KIB), 12);
    let reserved = map(ptr::null_mut(), 100, PROT_NONE, private);
    unsafe { libc::mprotect(reserved, 16 * KIB, both) };
    unsafe { libc::mprotect(reserved, 100 * KIB, PROT_READ) };
    let moved = map(ptr::null_mut(), 20, both, private);
    let moved = unsafe { libc::mremap(moved, 20 * KIB, 48 * KIB, libc::MREMAP_MAYMOVE) };
    map(moved, 4, both, private | MAP_FIXED);
    unsafe { libc::mremap(moved, 48 * KIB, 8 * KIB, 0) };
    let old = unsafe { libc::sbrk(64 * KIB as isize) };
    unsafe { libc::brk(old.wrapping_byte_add(24 * KIB)) };
    map(ptr::null_mut(), 52, both, private | libc::MAP_STACK);
    say("done");
}

/// Mappings that others may see.
fn attaches() {
    let both = PROT_READ | PROT_WRITE;
    let shared = map(ptr::null_mut(), 16, both, MAP_SHARED | MAP_ANONYMOUS);
    unmap(shared, 8);
    let fd = unsafe { libc::open(c"/proc/self/exe".as_ptr(), libc::O_RDONLY) };
    let file = unsafe { libc::mmap(ptr::null_mut(), 5000, PROT_READ, MAP_PRIVATE, fd, 0) };
    close(fd);
    unmap(file, 8);
    let memory = unsafe { libc::shmget(IPC_PRIVATE, 12 * KIB, 0o600) };
    let attached = unsafe { libc::shmat(memory, ptr::null(), 0) };
    unsafe { libc::shmctl(memory, libc::IPC_RMID, ptr::null_mut()) };
    unsafe { libc::shmdt(attached) };
    say("done");
}

/// KiB of private memory that may be written, without a file and without the first stack, by the
/// kernel's word. Asks for no memory itself.
fn weight() -> usize {
    static mut TEXT: [u8; 64 * KIB] = [0; 64 * KIB];
    let Some(text) = (unsafe { (&raw mut TEXT).as_mut() }) else { return 0 };
    let fd = unsafe { libc::open(c"/proc/self/maps".as_ptr(), libc::O_RDONLY) };
    let mut length = 0;
    loop {
        let rest = &mut text[length..];
        let got = unsafe { libc::read(fd, rest.as_mut_ptr().cast(), rest.len()) };
        match usize::try_from(got) {
            Ok(got @ 1..) => length += got,
            _ => break,
        }
    }
    close(fd);
    let maps = std::str::from_utf8(&text[..length]).unwrap_or_default();
    let own = maps.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let private = words.next()?.starts_with("rw-p");
        let name = words.nth(3).unwrap_or_default();
        let size = |text: &str| usize::from_str_radix(text, 16).unwrap_or(0);
        (private && matches!(name, "" | "[heap]")).then(|| (size(end) - size(start)) / KIB)
    });
    own.sum()
}

/// Allocates and frees in many ways, and says before and after how large it is.
fn weighs_itself() {
    weight();
    say(&format!("weight {}", weight()));
    let mut kept = Vec::new();
    for n in 0..60_usize {
        let some: Vec<u8> = vec![1; 1 << (n % 20)];
        let mut grown: Vec<u8> = Vec::new();
        (0..(n * 997)).for_each(|byte| grown.push(u8::try_from(byte % 256).unwrap_or(0)));
        if n % 3 == 0 {
            kept.push(some);
            kept.push(grown);
        }
        if n == 29 {
            kept.truncate(kept.len() / 2);
        }
        if n % 11 == 0 {
            kept.iter_mut().for_each(Vec::shrink_to_fit);
        }
    }
    say(&format!("weight {}", weight()));
}

/// A child grows, and its parent does not.
fn grows_in_child() {
    say("begins");
    let pid = child(|| {
        vec![1_u8; 1 << 20].leak();
        map(ptr::null_mut(), 4, PROT_READ, MAP_SHARED | MAP_ANONYMOUS);
        0
    });
    wait(pid, 0);
    say("is back");
}

/// One object of each kind stays.
fn leaves_system_v() {
    let pid = child(|| {
        unsafe { libc::semget(0x41, 1, libc::IPC_CREAT | 0o600) };
        0
    });
    wait(pid, 0);
    unsafe { libc::semget(0x41, 1, libc::IPC_CREAT | 0o600) };
    unsafe { libc::msgget(IPC_PRIVATE, 0o600) };
    unsafe { libc::shmget(IPC_PRIVATE, 4096, 0o600) };
    say("left");
}

/// A thing with a name of each kind stays.
fn leaves_names() {
    let named = |path: &CStr| {
        let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        address.sun_family = u16::try_from(libc::AF_UNIX).unwrap_or(0);
        for (to, from) in address.sun_path.iter_mut().zip(path.to_bytes()) {
            *to = from.cast_signed();
        }
        address
    };
    unsafe {
        close(libc::open(c"/tmp/file".as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o600));
        libc::mkfifo(c"/tmp/fifo".as_ptr(), 0o600);
        let socket = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0);
        let address = named(c"/tmp/socket");
        let length = u32::try_from(size_of_val(&address)).unwrap_or(0);
        libc::bind(socket, (&raw const address).cast(), length);
        close(socket);
        close(libc::shm_open(c"/memory".as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600));
        libc::sem_close(libc::sem_open(c"/semaphore".as_ptr(), libc::O_CREAT, 0o600, 1));
        let attributes = ptr::null_mut::<libc::mq_attr>();
        libc::mq_close(libc::mq_open(
            c"/queue".as_ptr(),
            libc::O_CREAT | libc::O_RDWR,
            0o600,
            attributes,
        ));
    }
    say("left");
}
