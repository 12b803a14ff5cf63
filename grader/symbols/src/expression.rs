//! Evaluates the DWARF expressions of call frame information. Compilers write none for ordinary
//! functions; the C library does for the return from a signal handler, linkers for the PLT.

use crate::registers::{FrameRegisters, Memory};
use gimli::{Encoding, EndianSlice, EvaluationResult, Expression, LittleEndian, Value};

/// Longest evaluation, in operations; the C library's take three.
const MAX_OPERATIONS: u32 = 256;

/// The value of `expression`; `initial` lies on the stack when it starts.
pub(crate) fn evaluate(
    expression: Expression<EndianSlice<'_, LittleEndian>>,
    encoding: Encoding,
    initial: Option<u64>,
    registers: &mut FrameRegisters,
    memory: &mut dyn Memory,
) -> Option<u64> {
    let mut evaluation = expression.evaluation(encoding);
    evaluation.set_max_iterations(MAX_OPERATIONS);
    if let Some(value) = initial {
        evaluation.set_initial_value(value);
    }
    let mut state = evaluation.evaluate().ok()?;
    loop {
        // Every round has consumed an operation, so the bound above ends the loop.
        state = if let EvaluationResult::RequiresRegister { register, .. } = state {
            let value = registers.read(usize::from(register.0), memory)?;
            evaluation.resume_with_register(Value::Generic(value)).ok()?
        } else if let EvaluationResult::RequiresMemory { address, size: 8, .. } = state {
            let value = memory.read_u64(address)?;
            evaluation.resume_with_memory(Value::Generic(value)).ok()?
        } else if state == EvaluationResult::Complete {
            return evaluation.value_result()?.to_u64(u64::MAX).ok();
        } else {
            return None;
        };
    }
}
