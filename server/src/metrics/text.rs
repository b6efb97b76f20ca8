//! The counters in the text format of Prometheus.

use std::{
    fmt::Write,
    sync::{PoisonError, atomic::Ordering::Relaxed},
};

use super::Metrics;

impl Metrics {
    /// The counters in the text format of Prometheus. Without the gauge of the ledger's lag if the lag is unknown.
    pub fn text(&self, projection_lag: Option<u64>) -> String {
        let mut out = String::new();
        let mut counter = |name: &str, help: &str, value: u64| {
            let _ = writeln!(
                out,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}"
            );
        };
        counter(
            "xuncha_changes_stored_total",
            "Changes stored in the log.",
            self.changes_stored.load(Relaxed),
        );
        counter(
            "xuncha_changes_refused_total",
            "Changes refused or quarantined.",
            self.changes_refused.load(Relaxed),
        );
        counter(
            "xuncha_photos_stored_total",
            "Photos stored.",
            self.photos_stored.load(Relaxed),
        );
        counter(
            "xuncha_requests_shed_total",
            "Requests answered busy.",
            self.shed.load(Relaxed),
        );
        counter(
            "xuncha_request_microseconds_total",
            "Time spent answering.",
            self.request_micros.load(Relaxed),
        );
        let _ = writeln!(
            out,
            "# HELP xuncha_requests_total Requests by status class.\n# TYPE xuncha_requests_total counter"
        );
        for (class, count) in self.requests.iter().enumerate().skip(1) {
            let _ = writeln!(
                out,
                "xuncha_requests_total{{class=\"{class}xx\"}} {}",
                count.load(Relaxed)
            );
        }
        let _ = writeln!(
            out,
            "# HELP xuncha_refusals_total Refusals by cause.\n# TYPE xuncha_refusals_total counter"
        );
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for (cause, count) in refused.iter() {
            let _ = writeln!(out, "xuncha_refusals_total{{cause=\"{cause}\"}} {count}");
        }
        let ends = self.certificate_ends.load(Relaxed);
        if ends > 0 {
            let [refused, replaced] = self
                .certificates
                .each_ref()
                .map(|count| count.load(Relaxed));
            let _ = writeln!(
                out,
                "# HELP xuncha_tls_certificate_ends_seconds When the certificate ends, since 1970.\n# TYPE xuncha_tls_certificate_ends_seconds gauge\nxuncha_tls_certificate_ends_seconds {ends}\n# HELP xuncha_tls_certificates_total Changed certificates by result.\n# TYPE xuncha_tls_certificates_total counter\nxuncha_tls_certificates_total{{result=\"replaced\"}} {replaced}\nxuncha_tls_certificates_total{{result=\"refused\"}} {refused}"
            );
        }
        if let Some(lag) = projection_lag {
            let _ = writeln!(
                out,
                "# HELP xuncha_projection_lag Numbers of the log not yet in the ledger.\n# TYPE xuncha_projection_lag gauge\nxuncha_projection_lag {lag}"
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_cause() {
        let metrics = Metrics::default();
        metrics.refused("busy", 2);
        metrics.refused("busy", 1);
        let text = metrics.text(Some(0));
        assert!(
            text.contains("xuncha_refusals_total{cause=\"busy\"} 3\n"),
            "{text}"
        );
    }
}
