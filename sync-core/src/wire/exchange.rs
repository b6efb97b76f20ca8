//! One request that a device may send, and its response.

use minicbor::{Decode, Encode};

use super::frame::{self, FrameError};

/// An exchange: the types of request and response, the path and the limits, used by both sides.
pub trait Exchange {
    /// Path of the POST request.
    const PATH: &'static str;
    /// Bytes of the decompressed request at most.
    const MAX_REQUEST: usize;
    /// Bytes of the decompressed response at most.
    const MAX_RESPONSE: usize;
    /// The device's request.
    type Request: Encode<()> + for<'b> Decode<'b, ()>;
    /// The server's response.
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
