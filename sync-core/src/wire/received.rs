//! Receive times: one for each change, in an order that both sides know.

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::record::ServerTime;

/// Receive times of changes, 0 where one is not known. They are encoded as differences: changes of one pack have one
/// time, so most elements are zeros.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received(pub Vec<ServerTime>);

impl Received {
    /// The receive time of the change at a position, if it is known.
    pub fn at(&self, position: usize) -> Option<ServerTime> {
        self.0.get(position).copied().filter(|time| time.0 != 0)
    }
}

impl FromIterator<Option<ServerTime>> for Received {
    fn from_iter<I: IntoIterator<Item = Option<ServerTime>>>(times: I) -> Self {
        Self(times.into_iter().map(Option::unwrap_or_default).collect())
    }
}

impl<C> Encode<C> for Received {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(self.0.len() as u64)?;
        let mut before = 0_i64;
        for time in &self.0 {
            e.i64(time.0.wrapping_sub(before))?;
            before = time.0;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Received {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d
            .array()?
            .ok_or_else(|| minicbor::decode::Error::message("a list of times has a length"))?;
        // Each element is at least one byte: a false length must not reserve more memory than the input has bytes.
        let room = usize::try_from(length).unwrap_or(usize::MAX);
        let mut times = Vec::with_capacity(room.min(d.input().len()));
        let mut before = 0_i64;
        for _ in 0..length {
            before = before.wrapping_add(d.i64()?);
            times.push(ServerTime(before));
        }
        Ok(Self(times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_one_pack_cost_a_byte_each() {
        let told = Received(
            [7, 7, 7, 0, 9]
                .map(|t| ServerTime(t * 1_711_328_400_000))
                .into(),
        );
        let bytes = minicbor::to_vec(&told).unwrap();
        assert_eq!(minicbor::decode::<Received>(&bytes).unwrap(), told);
        assert_eq!(told.at(3), None);
        assert_eq!(told.at(5), None);
        let pack = Received(vec![ServerTime(1_711_328_400_000); 100]);
        assert!(minicbor::to_vec(&pack).unwrap().len() < 112);
    }

    #[test]
    fn a_false_length_is_refused_and_reserves_nothing() {
        // The header of an array of 2^64 - 1 elements, followed by one element.
        let false_length = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert!(minicbor::decode::<Received>(&false_length).is_err());
    }
}
