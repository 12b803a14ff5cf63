//! Call frame information: how the caller's registers are found from those of a frame, by the
//! address at which the frame stands. Source: `.eh_frame` in the Linux Standard Base, DWARF 5
//! section 6.4.

use crate::elf_file::ElfFile;
use crate::expression::evaluate;
use crate::registers::{FrameRegisters, Memory, Value, dwarf};
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, EhFrame, EhFrameHdr, EhFrameOffset, Encoding, EndianSlice,
    FrameDescriptionEntry, LittleEndian, Register, RegisterRule, UnwindContext, UnwindExpression,
    UnwindSection,
};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = FrameDescriptionEntry<Slice<'a>>;

/// How many places of one file are remembered. A run stops at a few dozen.
const MAX_ROWS: usize = 1 << 16;
/// How many functions a file without a search table may have.
const MAX_FUNCTIONS: usize = 1 << 20;

/// The rules that hold at one address.
struct Row {
    cfa: CfaRule<usize>,
    registers: [Option<RegisterRule<usize>>; dwarf::COUNT],
    encoding: Encoding,
    signal: bool,
}

/// The registers of the caller's frame.
pub(crate) struct Caller {
    pub(crate) registers: FrameRegisters,
    /// The frame was called by the kernel, to return from a signal handler: the caller stands
    /// at any instruction rather than behind a call.
    pub(crate) interrupted: bool,
}

/// A module as the unwinder needs it.
pub(crate) struct UnwindModule {
    pub(crate) elf: ElfFile,
    bases: BaseAddresses,
    /// Rules by address. The same program stops at the same places in every run.
    rows: RefCell<HashMap<u64, Option<Rc<Row>>>>,
    /// First address and offset of every function's entry, for a file without a search table.
    functions: OnceCell<Vec<(u64, usize)>>,
    context: RefCell<UnwindContext<usize>>,
}

impl UnwindModule {
    pub(crate) fn load(path: &Path) -> Option<Self> {
        Some(Self::new(ElfFile::read(path)?))
    }

    pub(crate) fn new(elf: ElfFile) -> Self {
        let address = |name| elf.section(name).map_or(0, |section| section.address);
        let bases = BaseAddresses::default()
            .set_eh_frame(address(".eh_frame"))
            .set_eh_frame_hdr(address(".eh_frame_hdr"))
            .set_text(address(".text"))
            .set_got(address(".got"));
        Self {
            elf,
            bases,
            rows: RefCell::default(),
            functions: OnceCell::new(),
            context: RefCell::new(UnwindContext::new()),
        }
    }

    /// The caller of a frame that stands at `address`; `None` if nothing is written about it.
    pub(crate) fn caller(
        &self,
        address: u64,
        registers: &mut FrameRegisters,
        memory: &mut dyn Memory,
    ) -> Option<Caller> {
        let row = self.row(address)?;
        let cfa = match &row.cfa {
            CfaRule::RegisterAndOffset { register, offset } => {
                registers.read(usize::from(register.0), memory)?.wrapping_add_signed(*offset)
            }
            CfaRule::Expression(expression) => {
                self.evaluate(&row, expression, None, registers, memory)?
            }
        };
        let mut caller = FrameRegisters::unknown();
        for (number, rule) in row.registers.iter().enumerate() {
            let value = match rule {
                // By the calling convention a function that says nothing of a register keeps
                // it; nobody says anything of the stack pointer, which is the CFA.
                None if number == dwarf::SP => Value::Known(cfa),
                None | Some(RegisterRule::Undefined) if number == dwarf::RETURN_ADDRESS => {
                    Value::Unknown
                }
                None | Some(RegisterRule::SameValue) => registers.value(number),
                Some(RegisterRule::Offset(offset)) => {
                    Value::SavedAt(cfa.wrapping_add_signed(*offset))
                }
                Some(RegisterRule::ValOffset(offset)) => {
                    Value::Known(cfa.wrapping_add_signed(*offset))
                }
                Some(RegisterRule::Register(Register(other))) => {
                    registers.value(usize::from(*other))
                }
                Some(RegisterRule::Expression(expression)) => self
                    .evaluate(&row, expression, Some(cfa), registers, memory)
                    .map_or(Value::Unknown, Value::SavedAt),
                Some(RegisterRule::ValExpression(expression)) => self
                    .evaluate(&row, expression, Some(cfa), registers, memory)
                    .map_or(Value::Unknown, Value::Known),
                Some(RegisterRule::Constant(value)) => Value::Known(*value),
                Some(RegisterRule::Undefined | RegisterRule::Architectural) => Value::Unknown,
            };
            caller.set(number, value);
        }
        Some(Caller { registers: caller, interrupted: row.signal })
    }

    fn evaluate(
        &self,
        row: &Row,
        expression: &UnwindExpression<usize>,
        initial: Option<u64>,
        registers: &mut FrameRegisters,
        memory: &mut dyn Memory,
    ) -> Option<u64> {
        let expression = expression.get(&self.eh_frame()?).ok()?;
        evaluate(expression, row.encoding, initial, registers, memory)
    }

    fn eh_frame(&self) -> Option<EhFrame<Slice<'_>>> {
        self.elf.content(".eh_frame").map(|bytes| EhFrame::new(bytes, LittleEndian))
    }

    fn row(&self, address: u64) -> Option<Rc<Row>> {
        if let Some(row) = self.rows.borrow().get(&address) {
            return row.clone();
        }
        let row = self.find_row(address).map(Rc::new);
        let mut rows = self.rows.borrow_mut();
        if rows.len() >= MAX_ROWS {
            rows.clear();
        }
        rows.insert(address, row.clone());
        row
    }

    fn find_row(&self, address: u64) -> Option<Row> {
        let eh_frame = self.eh_frame()?;
        let offset = match self.elf.content(".eh_frame_hdr") {
            Some(table) => self.search(table, address),
            None => self.search_all(&eh_frame, address),
        }?;
        let entry = self.entry(&eh_frame, offset)?;
        if !entry.contains(address) {
            return None;
        }
        let mut context = self.context.borrow_mut();
        let row =
            entry.unwind_info_for_address(&eh_frame, &self.bases, &mut context, address).ok()?;
        Some(Row {
            cfa: row.cfa().clone(),
            registers: std::array::from_fn(|number| {
                row.register(Register(u16::try_from(number).ok()?))
            }),
            encoding: entry.cie().encoding(),
            signal: entry.is_signal_trampoline(),
        })
    }

    fn entry<'a>(&'a self, eh_frame: &EhFrame<Slice<'a>>, offset: usize) -> Option<Entry<'a>> {
        let offset = EhFrameOffset(offset);
        eh_frame.fde_from_offset(&self.bases, offset, EhFrame::cie_from_offset).ok()
    }

    /// Offset in `.eh_frame` of the entry that may hold `address`, by the linker's table.
    fn search(&self, table: &[u8], address: u64) -> Option<usize> {
        // Version 1; all linkers write 32-bit relative pointers and a 32-bit count.
        if !table.starts_with(&[1, 0x1b, 0x03, 0x3b]) {
            return None;
        }
        let table = EhFrameHdr::new(table, LittleEndian).parse(&self.bases, 8).ok()?;
        let entry = table.table()?.lookup(address, &self.bases).ok()?.direct().ok()?;
        usize::try_from(entry.checked_sub(self.elf.section(".eh_frame")?.address)?).ok()
    }

    /// The same without a table, as in static C programs: reads every entry, once.
    fn search_all(&self, eh_frame: &EhFrame<Slice<'_>>, address: u64) -> Option<usize> {
        let functions = self.functions.get_or_init(|| {
            let mut functions = Vec::new();
            let mut entries = eh_frame.entries(&self.bases);
            while let Ok(Some(entry)) = entries.next()
                && functions.len() < MAX_FUNCTIONS
            {
                if let CieOrFde::Fde(partial) = entry
                    && let Ok(entry) = partial.parse(EhFrame::cie_from_offset)
                {
                    functions.push((entry.initial_address(), entry.offset()));
                }
            }
            functions.sort_unstable();
            functions
        });
        let behind = functions.partition_point(|(start, _)| *start <= address);
        functions.get(behind.checked_sub(1)?).map(|(_, offset)| *offset)
    }
}
