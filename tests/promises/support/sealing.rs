//! Sealed reports, and the clocks of tests.

use cli_simulator::phone::Phone;
use serde_json::{Value, json};
use sync_core::record::{DeviceTime, Role};

use super::{MORNING, Town};

pub(crate) const HOUR: i64 = 3_600_000;

/// 16:30, which is after the cut-off of a daily report.
pub(crate) const AFTERNOON: i64 = MORNING + 7 * HOUR + HOUR / 2;

/// An order of a daily report with its cut-off at 16:00.
pub(crate) fn daily(area: &str) -> Value {
    json!({ "kind": "daily", "area": area, "from": "2024-03-25", "to": "2024-03-25",
        "cut_off": "2024-03-25T16:00:00+08:00" })
}

impl Town {
    /// Sets the server's clock.
    pub(crate) fn at(&self, ms: i64) {
        self.clock.store(ms, std::sync::atomic::Ordering::SeqCst);
    }

    /// A token of the person with this number as a reviewer of this area: of the province, a city or a county.
    pub(crate) fn reviewer(&self, person: u8, area: &str) -> String {
        let role = match area.matches('/').count() {
            0 => Role::ProvinceReviewer,
            1 => Role::CityReviewer,
            _ => Role::CountyReviewer,
        };
        self.key_of(person, role, area)
    }

    /// Takes steps with a report, each of which must succeed.
    pub(crate) fn steps(&self, report: &Value, steps: &[(&str, &str)]) {
        for (key, step) in steps {
            let (status, view) = self.step(key, report, step);
            assert_eq!((status, &view["state"]), (200, &json!(step)), "{view}");
        }
    }

    /// Seals a report, which must succeed; returns its view and its content.
    pub(crate) fn seal(&self, key: &str, order: &Value) -> (Value, Value) {
        let (status, view) = self.post("/v1/reports", key, order);
        assert_eq!(status, 200, "{view}");
        let content = self.json(&format!("/v1/reports/{}", id(&view)), key);
        (view, content)
    }

    /// Takes a step with a report, with a reason.
    pub(crate) fn step(&self, key: &str, report: &Value, step: &str) -> (u16, Value) {
        let path = format!("/v1/reports/{}/steps", id(report));
        self.post(&path, key, &json!({ "step": step, "reason": "数字有误" }))
    }
}

/// A report's identifier.
pub(crate) fn id(view: &Value) -> &str {
    view["id"].as_str().unwrap()
}

/// The first line of the ledger as CSV.
pub(crate) fn title(town: &Town, query: &str, key: &str) -> String {
    let (_, csv) = town.get(&format!("/v1/exports/hazards.csv{query}"), key);
    let text = String::from_utf8(csv).unwrap();
    text.lines().next().unwrap().to_owned()
}

/// Sets a device's clock, as a person can.
pub(crate) fn set(phone: &Phone, ms: i64) {
    phone.clock.as_ref().unwrap().set(DeviceTime(ms));
}
