//! Unpacks an untrusted archive: plain files with known names and bounded sizes.
//!
//! Knows tar's kinds of entries. A few compressed bytes may expand to any number of bytes, and an entry may be a link
//! or a sparse file: a bundle needs none of these, so they are refused.

use std::collections::btree_map::Entry;
use std::io::{self, Read};

use egress_diagnose::bundle::{Texts, is_name};
use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use super::DIRECTORY;

/// The most bytes of an archive, unpacked.
const MAXIMUM_BYTES: u64 = 512 * 1024 * 1024;
/// The most bytes of one file in it.
const MAXIMUM_FILE: u64 = 256 * 1024 * 1024;
/// The most entries, of any kind.
const MAXIMUM_ENTRIES: usize = 1_000;

/// The texts of an archive, by name.
///
/// # Errors
/// If it is no archive, contains anything but plain files and directories, or is larger than a bundle can be.
pub(super) fn unpack(file: impl Read) -> io::Result<Texts> {
    let mut archive = Archive::new(GzDecoder::new(file).take(MAXIMUM_BYTES));
    let mut texts = Texts::new();
    // Raw: otherwise the library loads extended headers into memory first, and they could change a size or a name.
    for (number, entry) in archive.entries()?.raw(true).enumerate() {
        let mut entry = entry?;
        if number >= MAXIMUM_ENTRIES {
            return Err(refused(format!("it has more than {MAXIMUM_ENTRIES} entries")));
        }
        let path = entry.path()?.to_string_lossy().into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory
            | EntryType::XHeader
            | EntryType::XGlobalHeader
            | EntryType::GNULongName
            | EntryType::GNULongLink => continue,
            _ => return Err(refused(format!("{} is not a plain file", egress_core::host::quoted(&path)))),
        }
        let Some(name) = path.strip_prefix(DIRECTORY).filter(|name| is_name(name)) else { continue };
        let size = entry.header().entry_size()?;
        if size > MAXIMUM_FILE {
            return Err(refused(format!("`{name}` has {size} bytes; expected at most {MAXIMUM_FILE}")));
        }
        let Entry::Vacant(place) = texts.entry(name.to_owned()) else {
            return Err(refused(format!("it has `{name}` twice")));
        };
        let mut text = String::new();
        entry.by_ref().take(size).read_to_string(&mut text)?;
        if text.len() as u64 != size {
            return Err(refused(format!("`{name}` ends too early")));
        }
        place.insert(text);
    }
    Ok(texts)
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::Header;

    use super::*;

    /// An archive of entries: kind, name, the size that is said, and what follows.
    fn archive(entries: &[(EntryType, &str, u64, &[u8])]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        for (kind, name, size, content) in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            // Not `set_path`, which takes no name that leads out of its directory.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(*size);
            header.set_cksum();
            packed.write_all(header.as_bytes()).unwrap();
            packed.write_all(content).unwrap();
            packed.write_all(&vec![0; (512 - content.len() % 512) % 512]).unwrap();
        }
        packed.write_all(&[0; 1024]).unwrap();
        packed.finish().unwrap()
    }

    fn error(entries: &[(EntryType, &str, u64, &[u8])]) -> String {
        unpack(archive(entries).as_slice()).unwrap_err().to_string()
    }

    #[test]
    fn only_plain_files_of_known_names_are_read() {
        let texts = unpack(
            archive(&[
                (EntryType::Directory, "egress-bundle/", 0, b""),
                (EntryType::Regular, "egress-bundle/cluster.json", 2, b"{}"),
                (EntryType::Regular, "egress-bundle/../cluster.json", 2, b"{}"),
                (EntryType::Regular, "egress-bundle//etc/passwd", 2, b"{}"),
                (EntryType::Regular, "other", 2, b"{}"),
                (EntryType::GNULongName, "././@LongLink", 2, b"ab"),
            ])
            .as_slice(),
        )
        .unwrap();
        assert_eq!(texts.into_keys().collect::<Vec<_>>(), ["cluster.json"]);
        let kinds = [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char, EntryType::Block];
        for kind in kinds {
            assert!(error(&[(kind, "egress-bundle/cluster.json", 0, b"")]).contains("is not a plain file"));
        }
    }

    #[test]
    fn a_file_of_holes_costs_nothing() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNUSparse);
        header.as_mut_bytes()[..26].copy_from_slice(b"egress-bundle/cluster.json");
        header.set_size(0);
        let sparse = header.as_gnu_mut().unwrap();
        sparse.set_real_size(4 << 30);
        sparse.sparse[0].set_offset(4 << 30);
        sparse.sparse[0].set_length(0);
        header.set_cksum();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(header.as_bytes()).unwrap();
        packed.write_all(&[0; 1024]).unwrap();
        let packed = packed.finish().unwrap();
        assert!(packed.len() < 200, "{} bytes", packed.len());
        let error = unpack(packed.as_slice()).unwrap_err();
        assert!(error.to_string().contains("is not a plain file"), "{error}");
    }

    #[test]
    fn sizes_counts_and_repetitions_have_a_limit() {
        let name = "egress-bundle/cluster.json";
        assert!(error(&[(EntryType::Regular, name, MAXIMUM_FILE + 1, b"{}")]).contains("expected at most"));
        assert!(error(&[(EntryType::Regular, name, 2, b"{}".as_slice()); 2]).contains("twice"));
        let many = vec![(EntryType::Regular, "x", 0, b"".as_slice()); MAXIMUM_ENTRIES + 1];
        assert!(error(&many).contains("entries"));
        // A size that is said, and nothing behind it.
        unpack(archive(&[(EntryType::Regular, name, 1 << 20, b"{}")]).as_slice()).unwrap_err();
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.as_mut_bytes()[..5].copy_from_slice(b"other");
        header.set_size(8 << 30);
        header.set_cksum();
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(header.as_bytes()).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..600 {
            packed.write_all(&zeros).unwrap();
        }
        let packed = packed.finish().unwrap();
        unpack(packed.as_slice()).unwrap_err();
    }

    /// Kind: whatever an archive is. One or several bytes of a good one are changed, below the compression and above it.
    #[test]
    fn whatever_an_archive_is_it_is_read_within_its_bounds() {
        let entries: [(EntryType, &str, u64, &[u8]); 3] = [
            (EntryType::Directory, "egress-bundle/", 0, b""),
            (EntryType::Regular, "egress-bundle/cluster.json", 2, b"{}"),
            (EntryType::Regular, "egress-bundle/request.json", 2, b"{}"),
        ];
        let packed = archive(&entries);
        let mut plain = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
        // A generator that is the same everywhere (Knuth's MMIX).
        let mut state = 20_261_129_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        };
        let mut read = 0;
        for _ in 0..2_000 {
            let (mut changed, mut squeezed) = (plain.clone(), packed.clone());
            for _ in 0..=below(3) {
                // Mostly in a header, whose sum is put right again: else nothing but the sum is tried.
                let header = 512 * below(5);
                changed[header + below(512)] = u8::try_from(below(256)).unwrap();
                let block = changed[header..header + 512].to_vec();
                let mut sum = Header::from_byte_slice(&block).clone();
                sum.set_cksum();
                changed[header..header + 512].copy_from_slice(sum.as_bytes());
                let place = below(squeezed.len());
                squeezed[place] = u8::try_from(below(256)).unwrap();
            }
            let mut again = GzEncoder::new(Vec::new(), Compression::fast());
            again.write_all(&changed).unwrap();
            for archive in [again.finish().unwrap(), squeezed] {
                let Ok(texts) = unpack(archive.as_slice()) else { continue };
                read += 1;
                assert!(texts.keys().all(|name| is_name(name)), "{texts:?}");
                assert!(texts.values().map(String::len).sum::<usize>() <= plain.len(), "{texts:?}");
            }
        }
        assert!(read > 100, "{read} could be read");
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        unpack(b"no archive".as_slice()).unwrap_err();
    }
}
