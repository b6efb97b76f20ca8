//! Converts Chinese map coordinates to WGS-84 by the publicly known approximation of GCJ-02 and BD-09.

use std::f64::consts::PI;

/// Semi-major axis in metres of the ellipsoid that the shift is computed on (Krasovsky 1940).
const AXIS: f64 = 6_378_245.0;
/// Its squared eccentricity.
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

fn waves(x: f64) -> f64 {
    (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0
}

/// The shift that GCJ-02 adds at a WGS-84 position: latitude and longitude in degrees.
fn shift(latitude: f64, longitude: f64) -> (f64, f64) {
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let mut north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    north += waves(x);
    north += (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0;
    north += (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let mut east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    east += waves(x);
    east += (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0;
    east += (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = latitude / 180.0 * PI;
    let magic = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let root = magic.sqrt();
    let north = north * 180.0 / (AXIS * (1.0 - ECCENTRICITY) / (magic * root) * PI);
    let east = east * 180.0 / (AXIS / root * radians.cos() * PI);
    (north, east)
}

fn from_gcj02(latitude: f64, longitude: f64) -> (f64, f64) {
    let (mut lat, mut lon) = (latitude, longitude);
    // Fixed-point iteration: the shift changes by far less than itself over its own length, so three steps reach 1e-9
    // degree.
    for _ in 0..4 {
        let (north, east) = shift(lat, lon);
        (lat, lon) = (latitude - north, longitude - east);
    }
    (lat, lon)
}

fn gcj02_from_bd09(latitude: f64, longitude: f64) -> (f64, f64) {
    let (x, y) = (longitude - 0.0065, latitude - 0.006);
    let scale = PI * 3000.0 / 180.0;
    let radius = x.hypot(y) - 0.000_02 * (y * scale).sin();
    let angle = y.atan2(x) - 0.000_003 * (x * scale).cos();
    (radius * angle.sin(), radius * angle.cos())
}

/// WGS-84 latitude and longitude in degrees of a raw position; `None` if its reference system is unknown.
pub fn to_wgs84(latitude_e7: i32, longitude_e7: i32, crs: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = (f64::from(latitude_e7) / 1e7, f64::from(longitude_e7) / 1e7);
    match crs {
        "wgs84" | "cgcs2000" => Some((latitude, longitude)),
        "gcj02" => Some(from_gcj02(latitude, longitude)),
        "bd09" => {
            let (lat, lon) = gcj02_from_bd09(latitude, longitude);
            Some(from_gcj02(lat, lon))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_cities_come_back_from_gcj02() {
        for (wgs, gcj) in [
            ((30.592_800, 114.305_500), (30.590_391, 114.310_945)),
            ((30.691_800, 111.286_500), (30.689_361, 111.292_160)),
            ((30.272_200, 109.488_200), (30.269_631, 109.493_070)),
            ((32.629_200, 110.798_000), (32.627_011, 110.803_320)),
        ] {
            let e7 = |v: f64| f64::round(v * 1e7) as i32;
            let (lat, lon) = to_wgs84(e7(gcj.0), e7(gcj.1), "gcj02").unwrap();
            assert!(
                f64::abs(lat - wgs.0) < 2e-6 && f64::abs(lon - wgs.1) < 2e-6,
                "{lat} {lon}"
            );
        }
        assert_eq!(to_wgs84(1, 2, "unknown"), None);
    }
}
