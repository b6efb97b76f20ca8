//! Figures in thousandths: sums are exact, and JSON has plain decimal numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A number in thousandths of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Milli(pub i64);

/// The bound below which every number of thousandths is an exact `f64`.
const MOST: f64 = 9e12;

impl Milli {
    /// From a number with at most three decimals; `None` if it has more or is too large. The number is taken only if it is
    /// the nearest one to thousandths: it is never rounded.
    pub fn from_number(number: f64) -> Option<Self> {
        if number.is_nan() || number.abs() >= MOST {
            return None;
        }
        let whole = (number * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "it is within MOST")]
        let milli = whole as i64;
        // Both are the same f64 exactly if the number has no more decimals.
        (whole / 1000.0).eq(&number).then_some(Self(milli))
    }
}

impl Serialize for Milli {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            s.serialize_i64(self.0 / 1000)
        } else {
            s.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Milli {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(d)?;
        Self::from_number(number).ok_or_else(|| D::Error::custom("more than three decimals"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_written_as_a_plain_number_and_read_back_unchanged() {
        for milli in [
            0,
            1,
            -1,
            1000,
            1500,
            33_300,
            123_456_789_012_345,
            999_999_999,
        ] {
            let text = serde_json::to_string(&Milli(milli)).unwrap();
            let back: Milli = serde_json::from_str(&text).unwrap();
            assert_eq!(back, Milli(milli), "{text}");
        }
        assert_eq!(serde_json::to_string(&Milli(33_300)).unwrap(), "33.3");
        assert_eq!(serde_json::to_string(&Milli(12_000)).unwrap(), "12");
        for rounded in ["0.0001", "1234.5678", "123456.7891", "1e13", "-0.0005"] {
            assert!(serde_json::from_str::<Milli>(rounded).is_err(), "{rounded}");
        }
        assert_eq!(
            serde_json::from_str::<Milli>("1234.567").unwrap(),
            Milli(1_234_567)
        );
    }
}
