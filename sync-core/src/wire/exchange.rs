//! One question a device may ask, and the shape of the answer.

use minicbor::{Decode, Encode};

use super::frame::{self, FrameError};

/// An exchange: both shapes, the path and the limits, in one place for both sides.
pub trait Exchange {
    /// Path of the POST request.
    const PATH: &'static str;
    /// Bytes of the decompressed request at most.
    const MAX_REQUEST: usize;
    /// Bytes of the decompressed response at most.
    const MAX_RESPONSE: usize;
    /// What the device asks.
    type Request: Encode<()> + for<'b> Decode<'b, ()>;
    /// What the server answers.
    type Response: Encode<()> + for<'b> Decode<'b, ()>;

    /// Encodes a request.
    fn write_request(request: &Self::Request) -> Vec<u8> {
        frame::write(request)
    }
    /// Decodes a request.
    ///
    /// # Errors
    /// [`FrameError`] if it is damaged or over its limit.
    fn read_request(bytes: &[u8]) -> Result<Self::Request, FrameError> {
        frame::read(bytes, Self::MAX_REQUEST)
    }
    /// Encodes a response.
    fn write_response(response: &Self::Response) -> Vec<u8> {
        frame::write(response)
    }
    /// Decodes a response.
    ///
    /// # Errors
    /// [`FrameError`] if it is damaged or over its limit.
    fn read_response(bytes: &[u8]) -> Result<Self::Response, FrameError> {
        frame::read(bytes, Self::MAX_RESPONSE)
    }
}
