//! Strict CBOR: bytes that two readers could decode differently are refused where bytes enter the system.

use minicbor::{Decoder, data::Type, decode::Error};

/// Nesting depth at most; an event of this version has 5 levels.
const DEPTH: u32 = 16;

/// A map key, compared by value: one number has several encodings.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'b> {
    Unsigned(u64),
    Negative(i64),
    Text(&'b str),
}

/// Checks that `bytes` are exactly one CBOR item with definite lengths, no duplicate map key and at most 16 levels.
///
/// # Errors
/// [`Error`] that states what is wrong.
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    let mut d = Decoder::new(bytes);
    walk(&mut d, DEPTH)?;
    if d.position() == bytes.len() {
        Ok(())
    } else {
        Err(Error::message("bytes follow the item"))
    }
}

fn walk(d: &mut Decoder<'_>, depth: u32) -> Result<(), Error> {
    let refuse = Error::message;
    if depth == 0 {
        return Err(refuse("nested too deep"));
    }
    let indefinite = || refuse("an indefinite length");
    match d.datatype()? {
        Type::Map => {
            let mut keys = Vec::new();
            for _ in 0..d.map()?.ok_or_else(indefinite)? {
                keys.push(key(d)?);
                walk(d, depth - 1)?;
            }
            if distinct(keys) {
                Ok(())
            } else {
                Err(refuse("a map key is there twice"))
            }
        }
        Type::Array => {
            for _ in 0..d.array()?.ok_or_else(indefinite)? {
                walk(d, depth - 1)?;
            }
            Ok(())
        }
        Type::Tag => {
            d.tag()?;
            walk(d, depth - 1)
        }
        Type::MapIndef | Type::ArrayIndef | Type::BytesIndef | Type::StringIndef => {
            Err(indefinite())
        }
        _ => d.skip(),
    }
}

/// Whether no key occurs twice. Writers put keys in order, so the sort is seldom needed.
fn distinct(mut keys: Vec<Key<'_>>) -> bool {
    if !keys.is_sorted() {
        keys.sort_unstable();
    }
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn key<'b>(d: &mut Decoder<'b>) -> Result<Key<'b>, Error> {
    match d.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => d.u64().map(Key::Unsigned),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => d.i64().map(Key::Negative),
        Type::String => d.str().map(Key::Text),
        _ => Err(Error::message("a map key is neither a number nor a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_twice_is_refused_however_it_is_written() {
        assert!(check(&[0xa2, 0x00, 0x01, 0x01, 0x02]).is_ok());
        assert!(check(&[0xa2, 0x06, 0x01, 0x06, 0x02]).is_err());
        // The key 6, encoded in one byte and in two.
        assert!(check(&[0xa2, 0x06, 0x01, 0x18, 0x06, 0x02]).is_err());
        // Out of order, with another key between them.
        assert!(check(&[0xa3, 0x06, 0x01, 0x01, 0x02, 0x06, 0x03]).is_err());
        assert!(check(&[0xa3, 0x06, 0x01, 0x01, 0x02, 0x05, 0x03]).is_ok());
        // Inside a value.
        assert!(check(&[0xa1, 0x00, 0xa2, 0x06, 0x01, 0x06, 0x02]).is_err());
    }

    #[test]
    fn trailing_bytes_indefinite_lengths_and_depth_are_refused() {
        assert!(check(&[0xa0, 0x00]).is_err());
        assert!(check(&[0xbf, 0x00, 0x01, 0xff]).is_err());
        assert!(check(&[0x81; 1_000]).is_err());
        assert!(check(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
