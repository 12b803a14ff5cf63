//! Walks the stack of a stopped thread from the innermost frame outwards.

use crate::cfi::{Caller, UnwindModule};
use crate::maps::Mapping;
use crate::module::Modules;
use crate::places::Places;
use crate::registers::{FrameRegisters, Memory, Registers, Value, dwarf};
use forklings_model::Frame;

/// Walks stacks, and remembers what it read of the modules from one run to the next.
pub struct Unwinder {
    modules: Modules<UnwindModule>,
}

impl Default for Unwinder {
    fn default() -> Self {
        Self::new()
    }
}

impl Unwinder {
    /// Has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { modules: Modules::new(UnwindModule::load) }
    }

    /// The frames of a stopped thread, innermost first, at most `limit`, without lines.
    ///
    /// A frame's `offset` is the address of an instruction *inside* the call that has not
    /// returned, relative to the module's load address: look it up as it is. Code without a
    /// file, such as the vdso, gives no frame.
    pub fn unwind(
        &mut self,
        maps: &[Mapping],
        registers: Registers,
        memory: &mut dyn Memory,
        limit: usize,
    ) -> Vec<Frame> {
        let mut places = Places::new(maps, &mut self.modules);
        let mut frames = Vec::new();
        let mut registers = FrameRegisters::from(registers);
        // Outer frames stand behind a call; the innermost stands anywhere, and so does what a
        // signal handler interrupted.
        let mut anywhere = true;
        for _ in 0..limit {
            // Nobody returns to 0, but a jump to nowhere stands there.
            let ip = registers.read(dwarf::RETURN_ADDRESS, memory);
            let Some(ip) = ip.filter(|ip| anywhere || *ip != 0) else { break };
            let written = places.find(ip).and_then(|place| {
                let behind = !anywhere || place.follows_syscall();
                let offset = place.address.wrapping_sub(u64::from(behind));
                frames.push(Frame { module: place.mapping.path.clone(), offset, line: None });
                place.module?.caller(offset, &mut registers, memory)
            });
            let caller = written.or_else(|| guess(&mut places, &mut registers, memory));
            let Some(Caller { registers: mut outer, interrupted }) = caller else { break };
            // Callers lie higher, or else a broken stack would show the same frames up to the
            // limit. `vfork` alone has nothing on the stack; and a handler may run on another
            // stack than the code it interrupted.
            let rise = outer.read(dwarf::SP, memory).cmp(&registers.read(dwarf::SP, memory));
            if !(rise.is_gt() || interrupted || anywhere && rise.is_eq()) {
                break;
            }
            registers = outer;
            anywhere = interrupted;
        }
        frames
    }
}

/// The caller of code that nothing is written about.
///
/// First guess: it has pushed nothing, and the return address is on top of the stack. The C
/// library's `clone` is so: it ends its description in front of its `syscall`, because the
/// description would be wrong in the child. Second guess: it keeps a frame pointer.
fn guess(
    places: &mut Places<'_>,
    registers: &mut FrameRegisters,
    memory: &mut dyn Memory,
) -> Option<Caller> {
    let sp = registers.read(dwarf::SP, memory)?;
    let top = memory.read_u64(sp)?;
    let mut caller = registers.clone();
    if places.follows_call(top) {
        caller.set(dwarf::RETURN_ADDRESS, Value::Known(top));
        caller.set(dwarf::SP, Value::Known(sp.wrapping_add(8)));
    } else {
        let bp = registers.read(dwarf::BP, memory).filter(|bp| *bp >= sp && bp % 8 == 0)?;
        caller.set(dwarf::RETURN_ADDRESS, Value::SavedAt(bp.wrapping_add(8)));
        caller.set(dwarf::BP, Value::SavedAt(bp));
        caller.set(dwarf::SP, Value::Known(bp.wrapping_add(16)));
    }
    Some(Caller { registers: caller, interrupted: false })
}
