//! Bounded text: no field is longer than its limit.

use std::{borrow::Cow, fmt};

use minicbor::{Decode, Decoder, Encode, Encoder};

/// A text of at most `MAX` Unicode characters, without control characters other than line breaks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const MAX: usize>(String);

/// A label: building, entrance, spot, number of an order.
pub type Label = Text<64>;
/// A sentence: reason, measure, legal basis.
pub type Short = Text<400>;
/// A description in the author's own words.
pub type Long = Text<2000>;

/// A text that cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More characters than the field allows.
    #[error("text has {length} characters, the field takes {max}; shorten it")]
    TooLong {
        /// Characters given.
        length: usize,
        /// Characters allowed.
        max: usize,
    },
    /// A control character that no keyboard types.
    #[error("text has a control character (U+{0:04X}); remove it")]
    Control(u32),
}

/// Bidirectional embeddings, overrides and isolates.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl<const MAX: usize> Text<MAX> {
    /// Checks and wraps a text. Leading and trailing white space is removed. Characters that change the direction of
    /// writing are removed too: with them, a reader sees other words than the stored ones.
    ///
    /// # Errors
    /// [`TextError`] if it is too long or has control characters.
    pub fn new(text: &str) -> Result<Self, TextError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || turns(c));
        let length = text.chars().count();
        if length > MAX {
            return Err(TextError::TooLong { length, max: MAX });
        }
        if let Some(c) = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        {
            return Err(TextError::Control(u32::from(c)));
        }
        Ok(Self(text.chars().filter(|c| !turns(*c)).collect()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<const MAX: usize, C> Encode<C> for Text<MAX> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}
impl<'b, const MAX: usize, C> Decode<'b, C> for Text<MAX> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.str()?).map_err(minicbor::decode::Error::custom)
    }
}
impl<const MAX: usize> serde::Serialize for Text<MAX> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}
impl<'de, const MAX: usize> serde::Deserialize<'de> for Text<MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(d)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}
impl<const MAX: usize> schemars::JsonSchema for Text<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "maxLength": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_counts_characters_not_bytes() {
        assert!(Text::<4>::new("三栋一层").is_ok());
        assert_eq!(
            Text::<3>::new("三栋一层"),
            Err(TextError::TooLong { length: 4, max: 3 })
        );
        assert_eq!(Text::<9>::new("a\u{0}b"), Err(TextError::Control(0)));
    }

    #[test]
    fn the_direction_of_writing_cannot_be_turned() {
        let text = Text::<20>::new("\u{202e}gpj.exe\u{2069}").unwrap();
        assert_eq!(text.as_str(), "gpj.exe");
    }
}
