//! A submission that is an archive: its entries are streamed past the collector, which keeps what
//! it wants in memory. Nothing is unpacked to disk. Size, count and ratio are capped while
//! streaming, because an archive's own figures may lie.

use super::collect::Collector;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest archive, packed, in bytes.
const MAX_PACKED: u64 = 64 << 20;
/// Most bytes that an archive may unpack to.
const MAX_UNPACKED: u64 = 256 << 20;
/// How many times its size an archive may unpack to, once that is more than [`SMALL`].
const MAX_RATIO: u64 = 200;
/// Unpacked size in bytes under which the ratio does not matter.
const SMALL: u64 = 8 << 20;

pub(super) fn read_zip(path: &Path, collector: &mut Collector) -> Result<(), String> {
    let (file, packed) = open(path)?;
    let mut zip = ZipArchive::new(file).map_err(|error| zip_reason(&error))?;
    // Readers differ in which of two entries with one name they show.
    if zip.has_duplicate_names() {
        return Err("holds two entries with the same name; pack it again".to_owned());
    }
    let mut unpacked = 0_u64;
    for index in 0..zip.len() {
        let error = match zip.by_index(index) {
            Ok(mut entry) => {
                unpacked = unpacked.saturating_add(entry.size());
                check_caps(packed, unpacked)?;
                offer_zip_entry(&mut entry, collector)?;
                continue;
            }
            Err(error) => error,
        };
        let ZipError::UnsupportedArchive(what) = error else { return Err(zip_reason(&error)) };
        let name = zip.name_for_index(index).and_then(Result::ok).unwrap_or_default();
        collector.leave_out_entry(name.as_bytes(), &format!("cannot be unpacked: {what}"))?;
    }
    Ok(())
}

fn offer_zip_entry(
    entry: &mut zip::read::ZipFile<'_, File>,
    collector: &mut Collector,
) -> Result<(), String> {
    if entry.is_dir() {
        return Ok(());
    }
    let name = entry.name_raw().to_vec();
    // The mode's type bits; archives made elsewhere have none. Source: `inode(7)`.
    match entry.unix_mode().map_or(0, |mode| mode & 0o170_000) {
        0 | 0o100_000 => collector.offer(&name, entry),
        0o120_000 => collector.leave_out_entry(&name, "is a symbolic link"),
        _ => collector.leave_out_entry(&name, "is not a regular file"),
    }
}

pub(super) fn read_tar_gz(path: &Path, collector: &mut Collector) -> Result<(), String> {
    let (file, packed) = open(path)?;
    let reader = Capped { inner: MultiGzDecoder::new(file), packed, unpacked: 0 };
    let mut tar = tar::Archive::new(reader);
    let broken = |error: io::Error| format!("is no readable .tar.gz archive: {error}");
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        if kind.is_file() || kind.is_contiguous() {
            collector.offer(&name, &mut entry)?;
        } else if kind.is_symlink() {
            collector.leave_out_entry(&name, "is a symbolic link")?;
        } else if kind.is_hard_link() {
            collector.leave_out_entry(&name, "is a hard link")?;
        } else {
            collector.leave_out_entry(&name, "is not a regular file")?;
        }
    }
    // tar stops at its end mark; the rest must still be whole, or the archive was cut.
    let mut rest = tar.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(broken)?;
    Ok(())
}

fn open(path: &Path) -> Result<(File, u64), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let size = file.metadata().map_err(cannot)?.len();
    if size > MAX_PACKED {
        return Err(format!("is larger than {} MiB", MAX_PACKED >> 20));
    }
    if size == 0 { Err("is an empty file".to_owned()) } else { Ok((file, size)) }
}

fn check_caps(packed: u64, unpacked: u64) -> Result<(), String> {
    if unpacked > MAX_UNPACKED {
        return Err(format!("unpacks to more than {} MiB", MAX_UNPACKED >> 20));
    }
    if unpacked > SMALL && unpacked / packed.max(1) > MAX_RATIO {
        return Err(format!("unpacks to more than {MAX_RATIO} times its size"));
    }
    Ok(())
}

fn zip_reason(error: &ZipError) -> String {
    format!("is no readable .zip archive: {error}")
}

/// A reader that fails once it gave more than an honest archive would.
struct Capped<R> {
    inner: R,
    packed: u64,
    unpacked: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.unpacked += n as u64;
        check_caps(self.packed, self.unpacked).map_err(io::Error::other)?;
        Ok(n)
    }
}
