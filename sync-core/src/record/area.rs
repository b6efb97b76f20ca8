//! Area paths: where a document belongs, and what a grant covers.

use std::{borrow::Cow, fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder};

/// Codes from the province down, joined by `/`: `420000/420100/420106/420106001/420106001003/G07`.
///
/// The path is built from the table of parents, never from the digits of a code: counties 4290xx belong directly to
/// the province. Prefixes match whole segments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaPath(String);

/// A text that is not an area path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an administrative path: expected 1 to 10 codes of 1 to 20 letters or digits joined by '/'"
)]
pub struct BadArea;

impl AreaPath {
    /// Whether `other` is this area or lies in it.
    pub fn covers(&self, other: &Self) -> bool {
        other
            .0
            .strip_prefix(self.0.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The half-open text range `[path + '/', path + '0')` that holds every area strictly below this one.
    pub fn below(&self) -> (String, String) {
        (format!("{}/", self.0), format!("{}0", self.0))
    }

    /// The codes, from the top.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The parent area; none at the top.
    pub fn parent(&self) -> Option<Self> {
        let (above, _) = self.0.rsplit_once('/')?;
        Some(Self(above.to_owned()))
    }

    /// The path of a child of this area.
    ///
    /// # Errors
    /// [`BadArea`] if the code is malformed or the path would be too deep.
    pub fn child(&self, code: &str) -> Result<Self, BadArea> {
        format!("{}/{code}", self.0).parse()
    }
}

impl FromStr for AreaPath {
    type Err = BadArea;
    fn from_str(s: &str) -> Result<Self, BadArea> {
        let code_ok =
            |c: &str| (1..=20).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_alphanumeric());
        let good = s.len() <= 210 && s.split('/').count() <= 10 && s.split('/').all(code_ok);
        if good {
            Ok(Self(s.to_owned()))
        } else {
            Err(BadArea)
        }
    }
}
impl fmt::Display for AreaPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for AreaPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl<C> Encode<C> for AreaPath {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}
impl<'b, C> Decode<'b, C> for AreaPath {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.str()?.parse().map_err(minicbor::decode::Error::custom)
    }
}
impl serde::Serialize for AreaPath {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}
impl<'de> serde::Deserialize<'de> for AreaPath {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <Cow<'de, str>>::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
impl schemars::JsonSchema for AreaPath {
    fn schema_name() -> Cow<'static, str> {
        "AreaPath".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "maxLength": 210, "pattern": "^[A-Za-z0-9]{1,20}(/[A-Za-z0-9]{1,20}){0,9}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_whole_codes_only() {
        let county: AreaPath = "429999/4299990/G1".parse().unwrap();
        assert!(county.covers(&"429999/4299990/G1/x".parse().unwrap()));
        assert!(county.covers(&county));
        assert!(!county.covers(&"429999/4299990/G12".parse().unwrap()));
        assert!("a//b".parse::<AreaPath>().is_err());
        let (from, to) = county.below();
        let inside = "429999/4299990/G1/x".to_owned();
        assert!(from <= inside && inside < to);
    }
}
