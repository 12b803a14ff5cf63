//! Functions by address, from the symbol table: line tables alone name only inlined functions.

use crate::elf_file::ElfFile;
use elf::abi::STT_FUNC;
use elf::endian::LittleEndian;
use elf::file::Class;
use elf::string_table::StringTable;
use elf::symbol::SymbolTable;

/// Longer names are not shown.
const MAX_NAME: usize = 1024;

/// The functions of a module.
pub(crate) struct Names {
    /// First address, first address behind, offset of the name; in the order of addresses.
    functions: Vec<(u64, u64, usize)>,
}

impl Names {
    pub(crate) fn read(elf: &ElfFile) -> Self {
        let symbols = elf.content(".symtab").unwrap_or_default();
        let mut functions: Vec<_> = SymbolTable::new(LittleEndian, Class::ELF64, symbols)
            .iter()
            .filter(|symbol| symbol.st_symtype() == STT_FUNC && symbol.st_size > 0)
            .filter_map(|symbol| {
                let name = usize::try_from(symbol.st_name).ok()?;
                let end = symbol.st_value.saturating_add(symbol.st_size);
                Some((symbol.st_value, end, name))
            })
            .collect();
        functions.sort_unstable();
        Self { functions }
    }

    /// The demangled name of the function around `address`.
    pub(crate) fn function(&self, elf: &ElfFile, address: u64) -> Option<String> {
        let behind = self.functions.partition_point(|(start, ..)| *start <= address);
        let (_, end, name) = *self.functions.get(behind.checked_sub(1)?)?;
        let strings = elf.content(".strtab")?;
        let name = strings.get(name..)?;
        let name = StringTable::new(name.get(..MAX_NAME).unwrap_or(name)).get(0).ok()?;
        (address < end).then(|| demangle(name))
    }
}

/// `crate::module::function`, without the hash and the types a function was made for; other languages'
/// names stay as they are. A name is the same whichever of Rust's two schemes mangled it, but for a
/// type's own parameters: `Mutex<T>::lock` in the older scheme, `Mutex<u32>::lock` in the newer.
#[must_use]
pub fn demangle(name: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(name));
    if name.starts_with("_R") { as_in_the_older_scheme(&demangled) } else { demangled }
}

/// A demangled name without the parameters of types: `a::Mutex::lock` of `a::Mutex<u32>::lock`, and
/// `<a::Guard as b::Drop>::drop` of `<a::Guard<u32> as b::Drop>::drop`.
#[must_use]
pub fn without_types(name: &str) -> String {
    let mut plain = String::new();
    let mut inside = 0_u32;
    let mut before = None;
    for c in name.chars() {
        match c {
            '<' if before.is_some() => inside += 1,
            '>' if before != Some('-') && inside > 0 => inside -= 1,
            c if inside == 0 => plain.push(c),
            _ => {}
        }
        before = Some(c);
    }
    plain
}

/// `a::Type<u32>::function::{{closure}}` of `<a::Type<u32>>::function::<u8>::{closure#0}`.
fn as_in_the_older_scheme(name: &str) -> String {
    let mut name = name.to_owned();
    while let Some(start) = name.find("::<") {
        let Some(end) = closing(&name[start + 2..]) else { break };
        name.replace_range(start..start + 2 + end + 1, "");
    }
    while let Some(start) = name.find("{closure#") {
        let Some(end) = name[start..].find('}') else { break };
        name.replace_range(start..=start + end, "{{closure}}");
    }
    // A type's own function; a trait's is `<Type as Trait>::function` in both.
    if let Some(end) = name.starts_with('<').then(|| closing(&name)).flatten()
        && !name[..end].contains(" as ")
    {
        name.replace_range(end..=end, "");
        name.remove(0);
    }
    name
}

/// Where the bracket at the beginning is closed; the one of an arrow closes none.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => open += 1,
            b'>' if at > 0 && text.as_bytes()[at - 1] == b'-' => {}
            b'>' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// Whether a function was made inside Rust's standard library, for the library's own use. Only the
/// newer scheme tells, in which the library itself is mangled.
#[must_use]
pub fn is_made_by_std(symbol: &str) -> bool {
    let made_by = symbol.strip_prefix("_R").and_then(instantiating_crate);
    made_by.is_some_and(|name| ["alloc", "core", "std", "test"].contains(&name))
}

/// The crate at a name's end, where it refers back to one that was named before.
/// Source: RFC 2603, `instantiating-crate`, `backref` and `crate-root`.
fn instantiating_crate(name: &str) -> Option<&str> {
    let name = name.split('.').next()?;
    let back = name.strip_suffix('_')?;
    let digits = &back[back.rfind('B')? + 1..];
    let root = name.get(number(digits)?..)?.strip_prefix('C')?;
    let root = match root.strip_prefix('s') {
        Some(disambiguated) => disambiguated.split_once('_')?.1,
        None => root,
    };
    let length = root.find(|c: char| !c.is_ascii_digit())?;
    let rest = root[length..].strip_prefix('_').unwrap_or(&root[length..]);
    rest.get(..root[..length].parse().ok()?)
}

/// A number to the base 62, of which none is 0 and every other is one more than it says.
fn number(digits: &str) -> Option<usize> {
    if digits.is_empty() {
        return Some(0);
    }
    let value = digits.bytes().try_fold(0_usize, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            b'A'..=b'Z' => byte - b'A' + 36,
            _ => return None,
        };
        value.checked_mul(62)?.checked_add(usize::from(digit))
    });
    value?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a program and of the standard library in it, by rustc 1.95.
    const LOCK: &str = "_RNvMs5_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_5MutexuE4lockCs8mTtIl9CexH_9lockorder";
    const LOCK_IN_STD: &str = "_RNvMs5_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_5MutexINtNtCslNYArtu3iFV_5alloc3vec3VechEE4lockBb_";
    const DROP: &str = "_RNvXsc_NtNtNtCsjrHSEGnQ3l9_3std4sync6poison5mutexINtB5_10MutexGuarduENtNtNtCsgEmfK2I1SDS_4core3ops4drop4Drop4dropCs8mTtIl9CexH_9lockorder";

    #[test]
    fn a_name_is_the_same_in_both_schemes() {
        assert_eq!(demangle(LOCK), "std::sync::poison::mutex::Mutex<()>::lock");
        let drop = "<std::sync::poison::mutex::MutexGuard<()> as core::ops::drop::Drop>::drop";
        assert_eq!(demangle(DROP), drop);
        for (newer, older) in [
            ("std::rt::lang_start::<()>::{closure#0}", "std::rt::lang_start::{{closure}}"),
            ("<a::B<fn() -> u8>>::c::<d::E<u8>>", "a::B<fn() -> u8>::c"),
            ("<[u8]>::len", "[u8]::len"),
            ("locks::take", "locks::take"),
        ] {
            assert_eq!(as_in_the_older_scheme(newer), older);
        }
        assert_eq!(demangle("pthread_mutex_lock"), "pthread_mutex_lock");
    }

    #[test]
    fn a_name_without_types_keeps_the_bracket_around_an_implementation() {
        for (name, plain) in [
            ("a::Mutex<b::C<u8>>::lock", "a::Mutex::lock"),
            ("<a::Guard<fn() -> u8> as b::Drop>::drop", "<a::Guard as b::Drop>::drop"),
            ("malloc", "malloc"),
        ] {
            assert_eq!(without_types(name), plain);
        }
    }

    #[test]
    fn what_the_library_made_for_itself_is_told_from_what_a_program_uses() {
        assert!(is_made_by_std(LOCK_IN_STD));
        assert!(!is_made_by_std(LOCK));
        assert!(!is_made_by_std(DROP));
        assert!(!is_made_by_std("_R"));
        assert!(!is_made_by_std("_RB_"));
        assert!(!is_made_by_std("malloc"));
    }
}
