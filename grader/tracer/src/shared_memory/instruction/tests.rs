use super::*;

/// Registers with these values in rax and rcx, and memory at rdi.
fn registers(rax: u64, rcx: u64) -> Registers {
    let mut registers = empty();
    (registers.rax, registers.rcx, registers.rdi, registers.rip) = (rax, rcx, 0x1000, 0x40_0000);
    registers
}

fn empty() -> Registers {
    Registers {
        r15: 0,
        r14: 0,
        r13: 0,
        r12: 0,
        rbp: 0,
        rbx: 0,
        r11: 0,
        r10: 0,
        r9: 0,
        r8: 0,
        rax: 0,
        rcx: 0,
        rdx: 0,
        rsi: 0,
        rdi: 0,
        orig_rax: 0,
        rip: 0,
        cs: 0,
        eflags: 0,
        rsp: 0,
        ss: 0,
        fs_base: 0,
        gs_base: 0,
        ds: 0,
        es: 0,
        fs: 0,
        gs: 0,
    }
}

/// What the instruction in these bytes does with memory.
fn operation(bytes: &[u8], registers: &Registers) -> Option<Operation> {
    Operation::of(decode(bytes, registers.rip), registers, 0x1000)
}

/// Performs an instruction; gives what memory holds then, and the registers.
fn perform(bytes: &[u8], memory: u64, mut registers: Registers) -> (u64, Registers) {
    let operation = operation(bytes, &registers).expect("it has an operand in memory");
    assert!(operation.is_known, "{operation:?}");
    assert_eq!(operation.address, registers.rdi);
    let after = operation.perform(memory, &mut registers).expect("it can be done");
    assert_eq!(registers.rip, 0x40_0000 + bytes.len() as u64);
    (after, registers)
}

#[test]
fn loads_extend_as_their_names_say() {
    // mov eax, [rdi]; movsx eax, byte [rdi]; movzx eax, word [rdi]; mov ah, [rdi]
    let (_, r) = perform(&[0x8b, 0x07], 0xffff_fffe, registers(u64::MAX, 0));
    assert_eq!(r.rax, 0xffff_fffe);
    let (_, r) = perform(&[0x0f, 0xbe, 0x07], 0x80, registers(u64::MAX, 0));
    assert_eq!(r.rax, 0xffff_ff80);
    let (_, r) = perform(&[0x0f, 0xb7, 0x07], 0x8001, registers(u64::MAX, 0));
    assert_eq!(r.rax, 0x8001);
    let (_, r) = perform(&[0x8a, 0x27], 0x12, registers(0x3456, 0));
    assert_eq!(r.rax, 0x1256);
}

#[test]
fn an_exchange_that_finds_another_value_takes_it() {
    // lock cmpxchg [rdi], ecx
    let code = [0xf0, 0x0f, 0xb1, 0x0f];
    let (after, r) = perform(&code, 5, registers(5, 9));
    assert_eq!((after, r.rax, r.eflags & ZERO), (9, 5, ZERO));
    let (after, r) = perform(&code, 6, registers(5, 9));
    assert_eq!((after, r.rax, r.eflags & ZERO), (6, 6, 0));
    assert_eq!(operation(&code, &registers(0, 0)).expect("known").used, Use::Updates);
}

#[test]
fn an_increment_without_a_lock_leaves_room_for_others() {
    // add dword [rdi], 1; inc dword [rdi]; xchg [rdi], eax
    for (code, used) in [
        (&[0x83, 0x07, 0x01][..], Use::Splits),
        (&[0xff, 0x07], Use::Splits),
        (&[0x87, 0x07], Use::Updates),
    ] {
        assert_eq!(operation(code, &registers(0, 0)).expect("known").used, used);
    }
    assert_eq!(perform(&[0x83, 0x07, 0x01], 41, registers(0, 0)).0, 42);
}

#[test]
fn flags_are_those_of_the_processor() {
    // add eax, [rdi]: what the processor says of the same sum.
    for (first, second) in [(0x7fff_ffff, 1), (0xffff_ffff, 1), (3, 5), (0x8000_0000, 0x8000_0000)]
    {
        let (_, r) = perform(&[0x03, 0x07], second, registers(first, 0));
        let (one, other) = (low_half(first), low_half(second));
        let (sum, carries) = one.overflowing_add(other);
        let overflows = one.cast_signed().overflowing_add(other.cast_signed()).1;
        assert_eq!(r.rax, u64::from(sum));
        assert_eq!(r.eflags & CARRY != 0, carries, "{first} + {second}");
        assert_eq!(r.eflags & OVERFLOW != 0, overflows, "{first} + {second}");
        assert_eq!(r.eflags & ZERO != 0, sum == 0);
        assert_eq!(r.eflags & SIGN != 0, sum.cast_signed() < 0);
        // cmp [rdi], ecx
        let (_, r) = perform(&[0x39, 0x0f], first, registers(0, second));
        assert_eq!(r.eflags & CARRY != 0, one < other);
        assert_eq!(
            r.eflags & OVERFLOW != 0,
            one.cast_signed().overflowing_sub(other.cast_signed()).1
        );
    }
}

fn low_half(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).expect("masked")
}

#[test]
fn what_moves_vectors_is_left_to_the_task() {
    // movups [rdi], xmm0
    let operation = operation(&[0x0f, 0x11, 0x07], &registers(0, 0)).expect("decoded");
    assert!(!operation.is_known);
    assert_eq!((operation.used, operation.size), (Use::Stores, 16));
}

#[test]
fn what_touches_registers_alone_is_computed() {
    let computed = |bytes: &[u8], rax, rcx| {
        let mut registers = registers(rax, rcx);
        compute(&decode(bytes, registers.rip), &mut registers).map(|()| registers)
    };
    // add eax, ecx; lea rax, [rax + 4*rcx + 7]; movsx rax, cl
    assert_eq!(computed(&[0x01, 0xc8], 0xffff_ffff, 1).expect("known").rax, 0);
    assert_eq!(computed(&[0x48, 0x8d, 0x44, 0x88, 0x07], 100, 3).expect("known").rax, 119);
    assert_eq!(computed(&[0x48, 0x0f, 0xbe, 0xc1], 0, 0x80).expect("known").rax, !0x7f);
    // jne +2 after nothing was equal; jmp -2
    assert_eq!(computed(&[0x75, 0x02], 0, 0).expect("known").rip, 0x40_0004);
    assert_eq!(computed(&[0xeb, 0xfe], 0, 0).expect("known").rip, 0x40_0000);
}

#[test]
fn what_does_more_than_compute_is_left_alone() {
    // mov eax, [rdi]; call; ret; syscall; push rax; int3; jmp rax; rol eax, 3; rdtsc
    for bytes in [
        &[0x8b, 0x07][..],
        &[0xe8, 0, 0, 0, 0],
        &[0xc3],
        &[0x0f, 0x05],
        &[0x50],
        &[0xcc],
        &[0xff, 0xe0],
        &[0xc1, 0xc0, 0x03],
        &[0x0f, 0x31],
    ] {
        let (before, mut after) = (registers(1, 2), registers(1, 2));
        assert_eq!(compute(&decode(bytes, after.rip), &mut after), None, "{bytes:x?}");
        assert_eq!((after.rip, after.rax), (before.rip, before.rax), "{bytes:x?}");
    }
}
