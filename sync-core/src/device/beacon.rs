//! The beacon: the last server time that the device knows. It is stored at each contact and put into each event.

use rusqlite::Connection;

use super::{DeviceError, meta, meta::name};
use crate::{
    host::Uptime,
    record::{Beacon, ServerTime},
};

/// Stores the server's clock together with the device's uptime at that moment.
pub(super) fn heard(
    c: &Connection,
    server: ServerTime,
    uptime: Option<Uptime>,
) -> Result<(), DeviceError> {
    let Some(uptime) = uptime else {
        return Ok(());
    };
    let mut bytes = Vec::with_capacity(24);
    bytes.extend(server.0.to_be_bytes());
    bytes.extend(uptime.boot.to_be_bytes());
    bytes.extend(uptime.ms.to_be_bytes());
    meta::set(c, name::BEACON, &bytes)
}

/// As [`heard`], from an answer that may be a repeated older one: it is ignored if its server time is earlier than the
/// one that the stored beacon and the uptime give.
pub(super) fn heard_again(
    c: &Connection,
    server: ServerTime,
    uptime: Option<Uptime>,
) -> Result<(), DeviceError> {
    let known = beacon(c, uptime)?.map(|known| {
        let since = known.since_ms.unwrap_or(0).min(i64::MAX.unsigned_abs());
        known.seen.0.saturating_add(since.cast_signed())
    });
    if known.is_some_and(|known| server.0 < known) {
        return Ok(());
    }
    heard(c, server, uptime)
}

/// The beacon for an event that is made now.
pub(super) fn beacon(
    c: &Connection,
    uptime: Option<Uptime>,
) -> Result<Option<Beacon>, DeviceError> {
    let (Some(now), Some(kept)) = (uptime, meta::find_array::<24>(c, name::BEACON)?) else {
        return Ok(None);
    };
    let number = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&kept[from..from + 8]);
        u64::from_be_bytes(bytes)
    };
    let since = now.ms.checked_sub(number(16));
    Ok(Some(Beacon {
        seen: ServerTime(number(0).cast_signed()),
        // The uptime of another boot cannot be compared.
        since_ms: since.filter(|_| now.boot == number(8)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_restart_only_the_servers_time_is_left() {
        let c = Connection::open_in_memory().unwrap();
        c.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)")
            .unwrap();
        let uptime = |boot, ms| Some(Uptime { boot, ms });
        assert_eq!(beacon(&c, uptime(1, 5)).unwrap(), None);
        heard(&c, ServerTime(1000), None).unwrap();
        assert_eq!(beacon(&c, uptime(1, 5)).unwrap(), None);
        heard(&c, ServerTime(1000), uptime(1, 500)).unwrap();
        let told = |uptime| beacon(&c, uptime).unwrap().map(|b| (b.seen.0, b.since_ms));
        assert_eq!(told(uptime(1, 750)), Some((1000, Some(250))));
        assert_eq!(told(uptime(2, 750)), Some((1000, None)));
        assert_eq!(told(uptime(1, 400)), Some((1000, None)));
        assert_eq!(told(None), None);
    }
}
