//! Figures in thousandths: sums are exact, and JSON has plain decimal numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A number in thousandths of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Milli(pub i64);

/// The bound below which a decimal number is read back unchanged.
const MOST: f64 = 9e12;

impl Milli {
    /// From a number with at most three decimals; `None` if it has more or is too large.
    pub fn from_number(number: f64) -> Option<Self> {
        let milli = number * 1000.0;
        let whole = milli.round();
        let exact = (milli - whole).abs() < 1e-6 * milli.abs().max(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "it is within MOST")]
        let whole = (number.abs() < MOST && exact).then_some(whole as i64);
        whole.map(Self)
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
        assert!(serde_json::from_str::<Milli>("0.0001").is_err());
    }
}
