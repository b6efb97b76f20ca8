//! The encoding of a file: UTF-8, or GBK as Excel saves CSV on a Chinese Windows. Nothing is guessed character by character:
//! a file is one or the other, and a byte that fits neither is refused with its line.

use std::borrow::Cow;

use encoding_rs::GBK;

use super::import::Import;

/// The text of a file; `None` if it was refused.
pub(super) fn text<'b>(bytes: &'b [u8], import: &mut Import) -> Option<Cow<'b, str>> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        import.refuse(
            1,
            "文件是 UTF-16 编码，请另存为“CSV UTF-8”",
            "the file is in UTF-16; save it as \"CSV UTF-8\"",
        );
        return None;
    }
    let marked = bytes.strip_prefix("\u{feff}".as_bytes());
    if let Ok(text) = std::str::from_utf8(marked.unwrap_or(bytes)) {
        return Some(Cow::Borrowed(text));
    }
    // No second byte of GBK is a line feed, so lines can be separated before they are decoded.
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let is_utf8 = marked.is_some() || lines.iter().any(|line| has_chinese(line));
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for (at, line) in lines.iter().enumerate() {
        let decoded = if is_utf8 {
            std::str::from_utf8(line).ok().map(Cow::Borrowed)
        } else {
            GBK.decode_without_bom_handling_and_without_replacement(line)
        };
        let Some(decoded) = decoded else {
            import.refuse(
                at + 1,
                "有不是 UTF-8 也不是 GBK 的字节，请另存为“CSV UTF-8”",
                "a byte is neither UTF-8 nor GBK like the rest of the file; save it as \"CSV UTF-8\"",
            );
            return None;
        };
        text += &decoded;
    }
    import.notes.push(
        "文件按 GBK 编码读取，请在试运行中核对名称 / the file was read as GBK; check the names in a dry run".to_owned(),
    );
    Some(Cow::Owned(text))
}

/// Whether a line is UTF-8 with a Chinese character: then the file is meant to be UTF-8.
fn has_chinese(line: &[u8]) -> bool {
    let text = std::str::from_utf8(line);
    text.is_ok_and(|text| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_utf8_with_one_damaged_byte_is_not_read_as_gbk() {
        let mut import = Import::default();
        let damaged = [
            "path,name\n420000/1,武昌区\n420000/2,江".as_bytes(),
            &[0xe5, 0xb2],
            b"\n",
        ]
        .concat();
        assert_eq!(text(&damaged, &mut import), None);
        assert_eq!(import.bad[0].line, 3, "{import:?}");
    }

    #[test]
    fn a_file_in_gbk_has_the_characters_that_it_states() {
        let mut import = Import::default();
        let bytes = [
            b"name\n".as_slice(),
            &[0xce, 0xe4, 0xb2, 0xfd, 0xc7, 0xf8],
            b"\n",
        ]
        .concat();
        assert_eq!(text(&bytes, &mut import).as_deref(), Some("name\n武昌区\n"));
        assert_eq!((import.notes.len(), import.bad.len()), (1, 0));
    }
}
