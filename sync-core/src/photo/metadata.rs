//! The metadata that a camera wrote into the file: time and position, as claims.

use std::{fmt, io::Cursor};

use exif::{Exif, In, Reader, Tag, Value};

/// The camera's time as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenTime {
    text: String,
}

impl fmt::Display for TakenTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The camera's position (WGS-84 by the standard).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExifGps {
    /// Latitude in 1e-7 degree.
    pub latitude_e7: i32,
    /// Longitude in 1e-7 degree.
    pub longitude_e7: i32,
    /// Accuracy in centimetres.
    pub accuracy_cm: Option<u32>,
}

/// The claims of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    pub(super) taken: Option<TakenTime>,
    pub(super) gps: Option<ExifGps>,
}

/// Reads the claims; damaged metadata counts as absent.
pub(super) fn read(bytes: &[u8]) -> Claims {
    let Ok(exif) = Reader::new().read_from_container(&mut Cursor::new(bytes)) else {
        return Claims::default();
    };
    Claims {
        taken: taken(&exif),
        gps: gps(&exif),
    }
}

fn ascii(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let text: String = lines
        .first()?
        .iter()
        .map(|b| char::from(*b))
        .filter(|c| !c.is_control())
        .collect();
    Some(text.chars().take(30).collect())
}

fn taken(exif: &Exif) -> Option<TakenTime> {
    let text = ascii(exif, Tag::DateTimeOriginal)?;
    let offset = ascii(exif, Tag::OffsetTimeOriginal).unwrap_or_default();
    Some(TakenTime {
        text: text + offset.get(..6.min(offset.len())).unwrap_or_default(),
    })
}

fn degrees_e7(exif: &Exif, tag: Tag, reference: Tag, negative: &str) -> Option<i32> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let part = |at: usize| parts.get(at).filter(|r| r.denom > 0).map(|r| r.to_f64());
    let degrees = part(0)? + part(1).unwrap_or(0.0) / 60.0 + part(2).unwrap_or(0.0) / 3600.0;
    let sign = if ascii(exif, reference)?.starts_with(negative) {
        -1.0
    } else {
        1.0
    };
    let value = (degrees * sign * 1e7).round();
    #[expect(clippy::cast_possible_truncation, reason = "bounded on the line above")]
    (value.abs() <= 1.8e9).then_some(value as i32)
}

fn gps(exif: &Exif) -> Option<ExifGps> {
    let accuracy = exif
        .get_field(Tag::GPSHPositioningError, In::PRIMARY)
        .and_then(|f| match &f.value {
            Value::Rational(r) => r
                .first()
                .filter(|r| r.denom > 0)
                .map(|r| r.to_f64() * 100.0),
            _ => None,
        });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    let accuracy_cm = accuracy.map(|cm| cm.clamp(0.0, 1e9) as u32);
    Some(ExifGps {
        latitude_e7: degrees_e7(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")
            .filter(|v| v.unsigned_abs() <= 900_000_000)?,
        longitude_e7: degrees_e7(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?,
        accuracy_cm,
    })
}
