//! Ranges of addresses.

use std::{net::IpAddr, str::FromStr};

/// A range of addresses: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// The loopback addresses of this machine.
    pub fn loopback() -> Vec<Self> {
        ["127.0.0.0/8", "::1"]
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// Whether an address lies in the range.
    pub fn holds(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
            IpAddr::V6(v6) => (v6.to_bits(), false),
        };
        let ((one, one_is_v4), (other, other_is_v4)) =
            (bits(self.first), bits(address.to_canonical()));
        one_is_v4 == other_is_v4 && (self.bits == 0 || (one ^ other) >> (128 - self.bits) == 0)
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no range of addresses; expected such as 10.0.0.0/8");
        let (first, bits) = match text.trim().split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = first.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| wrong())?,
            None => most,
        };
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { first, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_range_and_in_no_other() {
        let network = |text: &str| text.parse::<Network>().unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(network("10.0.0.0/8").holds(address("10.200.3.4")));
        assert!(network("10.0.0.0/8").holds(address("::ffff:10.1.1.1")));
        assert!(!network("10.0.0.0/8").holds(address("11.0.0.1")));
        assert!(network("0.0.0.0/0").holds(address("203.0.113.9")));
        assert!(!network("0.0.0.0/0").holds(address("2001:db8::1")));
        assert!(network("2001:db8::/32").holds(address("2001:db8:1::1")));
        assert!(network("192.0.2.7").holds(address("192.0.2.7")));
        assert!(!network("192.0.2.7").holds(address("192.0.2.6")));
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::1/129",
            "a/8",
            "1.1.1.1/-1",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
