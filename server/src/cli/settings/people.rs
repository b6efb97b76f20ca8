//! Sessions and passwords of people, and the audit log, from settings and their file.

use xuncha_server::config::{AuditLog, SignIn};

use super::Settings;

impl Settings {
    /// Sessions and passwords of people.
    pub(super) fn sign_in(&self, from: &Self) -> anyhow::Result<SignIn> {
        let mut set = SignIn::default();
        if let Some(minutes) = self.idle_minutes.or(from.idle_minutes) {
            anyhow::ensure!(minutes > 1, "--idle-minutes: expected 2 or more");
            set.idle_ms = i64::from(minutes) * 60_000;
        }
        if let Some(hours) = self.sign_in_hours.or(from.sign_in_hours) {
            anyhow::ensure!(hours > 0, "--sign-in-hours: expected 1 or more");
            set.whole_ms = i64::from(hours) * 3_600_000;
        }
        if let Some(days) = self.password_days.or(from.password_days) {
            set.password_days = i64::from(days);
        }
        Ok(set)
    }

    /// The audit log.
    pub(super) fn audit(&self, from: &Self) -> anyhow::Result<AuditLog> {
        let mut set = AuditLog::default();
        if let Some(days) = self.audit_days.or(from.audit_days) {
            let (days, least) = (i64::from(days), AuditLog::LEAST_DAYS);
            anyhow::ensure!(days >= least, "--audit-days: expected {least} or more");
            set.days = days;
        }
        set.syslog = self.audit_syslog.clone().or(from.audit_syslog.clone());
        let authority = self.audit_syslog_ca.clone();
        set.syslog_ca = authority.or(from.audit_syslog_ca.clone());
        Ok(set)
    }
}
