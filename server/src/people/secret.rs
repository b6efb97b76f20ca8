//! What a person types and no log may show.

use serde::{Deserialize, Deserializer, de};

/// A password or a code. Its debug form is empty.
#[derive(Clone, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct Secret(pub(super) String);

impl Secret {
    /// The text, for the cookie that carries it.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// What is no text is refused without repeating it: a password of digits alone is sent as a number by mistake.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(de::Error::custom(
                "expected a password or a code as text in quotation marks",
            )),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
