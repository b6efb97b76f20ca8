//! The second factor: codes of the time (RFC 6238), and recovery codes.

use serde::{Deserialize, Serialize};
use sync_core::{record::ServerTime, wire::Code};
use totp_rs::{Algorithm, Builder, Totp};

use super::{
    Caller, People, Secret, actor_of,
    lane::{self, wait},
    typed_code,
};
use crate::{
    access::{Signed, token_hash},
    audit::{Entry, Kind},
    host::random,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Account},
    },
};

/// Recovery codes that a person gets.
const RECOVERY_CODES: usize = 10;

/// What the person asks for: without a code a new secret, with its code the confirmation.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRequest {
    /// A code of the new secret; absent to get one.
    code: Option<Secret>,
}

/// The new secret, or the recovery codes. Both are shown once.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct TotpView {
    /// The new secret in base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The same as an address that an authenticator app reads from a QR code.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// Recovery codes, each for one use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recovery_codes: Vec<String>,
}

/// A typed code without spaces and dashes, in capitals. Full-width characters are the same.
pub(super) fn typed(code: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let kept = code.chars().map(narrow).filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

fn generator(secret: &[u8], name: &str) -> Result<Totp, Refusal> {
    let built = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret.to_vec())
        .with_issuer(Some("Xuncha"))
        .with_account_name(name)
        .build();
    built.map_err(|_| Refusal::new(Code::Internal, "the second factor is damaged"))
}

/// The time step of a code, if the code is right and of a later step than the last one that was used.
fn step(secret: &[u8], code: &str, last: i64, now: ServerTime) -> Option<i64> {
    let generator = generator(secret, "").ok()?;
    let seconds = u64::try_from(now.0 / 1000).ok()?;
    let step = i64::try_from(generator.check(code, seconds)?).ok()?;
    (step > last).then_some(step)
}

/// Uses a code of the second factor, or a recovery code; each works once. Returns which it was. The caller saves the
/// account.
///
/// # Errors
/// [`StorageError`].
pub(super) fn use_code(
    tx: &mut dyn Tx,
    account: &mut Account,
    code: &str,
    now: ServerTime,
) -> Result<Option<&'static str>, StorageError> {
    let code = typed(code);
    let secret = account.totp.clone().unwrap_or_default();
    if let Some(step) = step(&secret, &code, account.totp_step, now) {
        account.totp_step = step;
        return Ok(Some("totp"));
    }
    let hash = token_hash(&code);
    let used = accounts::use_recovery(tx, account.person, &hash, now)?;
    Ok(used.then_some("recovery"))
}

impl People {
    /// Begins or confirms the second factor of the person.
    ///
    /// # Errors
    /// [`Code::ProofNeeded`]; [`Code::SignInRefused`] for a wrong code; [`Code::TooMany`].
    pub async fn totp(
        &self,
        signed: &Signed,
        asked: TotpRequest,
        caller: &Caller,
    ) -> Result<TotpView, Refusal> {
        signed.is_proven(self.now())?;
        match asked.code {
            None => self.begin_totp(signed).await,
            Some(Secret(code)) => self.confirm_totp(signed, code, caller).await,
        }
    }

    async fn begin_totp(&self, signed: &Signed) -> Result<TotpView, Refusal> {
        let (person, secret) = (signed.person, random::<20>());
        let generator = generator(&secret, &signed.name.replace(':', "_"))?;
        self.storage
            .write(move |tx| {
                if let Some(mut account) = accounts::lock(tx, person)? {
                    account.totp_asked = Some(secret.to_vec());
                    accounts::save(tx, &account)?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
        Ok(TotpView {
            secret: Some(generator.secret().to_base32()),
            uri: generator.to_url().ok(),
            recovery_codes: Vec::new(),
        })
    }

    async fn confirm_totp(
        &self,
        signed: &Signed,
        code: String,
        caller: &Caller,
    ) -> Result<TotpView, Refusal> {
        let (this, signed, address) = (self.clone(), signed.clone(), caller.text());
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| typed_code()).collect();
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| token_hash(code)).collect();
        let now = self.now();
        let confirmed = self
            .storage
            .write(move |tx| {
                let of = (lane::key(&signed.name), true);
                let own = lane::of_known("session", &signed.id);
                let guess = match lane::reserve(tx, of, &own, true, now)? {
                    Ok(guess) => guess,
                    Err(until) => return Ok(Err(wait(until, now))),
                };
                let account = accounts::lock(tx, signed.person)?;
                let asked = account.and_then(|of| Some((of.totp_asked.clone()?, of)));
                let Some((secret, mut account)) = asked else {
                    let detail = "ask for a secret first: POST /v1/me/totp without a code";
                    return Ok(Err(Refusal::new(Code::BadFilter, detail)));
                };
                let Some(step) = step(&secret, &typed(&code), 0, now) else {
                    let detail =
                        "code: it does not fit the new secret; check the clock of the device";
                    return Ok(Err(Refusal::new(Code::SignInRefused, detail)));
                };
                lane::take_back(tx, &guess, true)?;
                account.totp = Some(secret);
                (account.totp_asked, account.totp_step) = (None, step);
                accounts::save(tx, &account)?;
                accounts::set_recovery(tx, account.person, &hashes)?;
                let entry = Entry::new(Kind::SecondFactor, actor_of(account.person));
                this.audit
                    .append(tx, &entry.about("added").from(&address))?;
                Ok::<_, StorageError>(Ok(()))
            })
            .await?;
        confirmed?;
        Ok(TotpView {
            recovery_codes: codes,
            ..TotpView::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_once() {
        let (secret, now) = ([7; 20], 1_711_328_400);
        let code = |at: u64| generator(&secret, "").unwrap().generate(at).to_string();
        let taken = |code: &str, last| step(&secret, code, last, ServerTime(now * 1000));
        let at = u64::try_from(now).unwrap();
        for (shift, fits) in [
            (-60, false),
            (-30, true),
            (0, true),
            (30, true),
            (60, false),
        ] {
            let code = code(at.saturating_add_signed(shift));
            assert_eq!(taken(&code, 0).is_some(), fits, "{shift}");
        }
        let used = taken(&code(at), 0).unwrap();
        assert_eq!(taken(&code(at), used), None);
        assert_eq!(taken(&code(at - 30), used), None, "an earlier step is over");
        assert_eq!(taken(&code(at + 30), used), Some(used + 1));
        assert_eq!(taken("", 0), None);
        assert_eq!(taken("12345６", 0), None);
    }
}
