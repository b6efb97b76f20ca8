//! GeoJSON (RFC 7946): WGS-84 in the geometry, the raw position and its reference system in the properties.

use serde_json::json;

use super::coordinates::to_wgs84;
use crate::{reporting::ExportHeader, review::HazardView};

/// The beginning of the collection, with the members of the header, up to the features.
pub fn head(of: &ExportHeader) -> Vec<u8> {
    let header = json!(of).to_string();
    let members = &header[1..header.len() - 1];
    format!("{{\"type\":\"FeatureCollection\",{members},\"features\":[").into_bytes()
}

/// One hazard as a feature. Without a position, or with one in an unknown system, its geometry is null.
pub fn feature(h: &HazardView, first: bool) -> Vec<u8> {
    let point = h
        .position
        .as_ref()
        .and_then(|p| to_wgs84(p.latitude_e7, p.longitude_e7, &p.crs));
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let geometry =
        point.map(|(lat, lon)| json!({ "type": "Point", "coordinates": [round(lon), round(lat)] }));
    let feature = json!({ "type": "Feature", "id": h.id, "geometry": geometry, "properties": h });
    let comma = if first { "" } else { "," };
    format!("{comma}{feature}").into_bytes()
}

/// The end of the collection, after the features.
pub const TAIL: &[u8] = b"]}";
