//! The second factor: codes of the time (RFC 6238), and recovery codes.

use serde::{Deserialize, Serialize};
use sync_core::{record::ServerTime, wire::Code};
use totp_rs::{Algorithm, Builder, Totp};

use super::{Caller, People, Secret, actor_of, lane, proof::wrong, typed_code};
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
    /// With the code, if no second factor is set up yet: the password. A session alone does not add a factor.
    password: Option<Secret>,
    /// With the code, to replace a second factor: a code of the present one, or a recovery code.
    present: Option<Secret>,
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
    /// [`Code::ProofNeeded`]; [`Code::SignInRefused`] for a wrong code or password; [`Code::BadFilter`] without the proof;
    /// [`Code::TooMany`].
    pub async fn totp(
        &self,
        signed: &Signed,
        asked: TotpRequest,
        caller: &Caller,
    ) -> Result<TotpView, Refusal> {
        signed.is_proven(self.now())?;
        match asked.code {
            None => self.begin_totp(signed).await,
            Some(Secret(code)) => {
                let proof = (asked.password, asked.present);
                self.confirm_totp(signed, code, proof, caller).await
            }
        }
    }

    async fn begin_totp(&self, signed: &Signed) -> Result<TotpView, Refusal> {
        let (this, asked, now) = (self.clone(), signed.clone(), self.now());
        let secret = random::<20>();
        let generator = generator(&secret, &signed.name.replace(':', "_"))?;
        self.storage
            .write(move |tx| {
                let signed = this.access.still(tx, &asked, now)?;
                if let Some(mut account) = accounts::lock(tx, signed.person)? {
                    account.totp_asked = Some(secret.to_vec());
                    accounts::save(tx, &account)?;
                }
                Ok::<_, Refusal>(())
            })
            .await?;
        Ok(TotpView {
            secret: Some(generator.secret().to_base32()),
            uri: generator.to_url().ok(),
            recovery_codes: Vec::new(),
        })
    }

    /// Confirms the new secret. A code of the new secret is no guess: the session has the secret. What proves the person is
    /// the password, or the present second factor.
    async fn confirm_totp(
        &self,
        signed: &Signed,
        code: String,
        (password, present): (Option<Secret>, Option<Secret>),
        caller: &Caller,
    ) -> Result<TotpView, Refusal> {
        let (account, guess) = self.count_own(signed).await?;
        let is_first = account.totp.is_none();
        let given = if is_first { password } else { present };
        let Some(Secret(given)) = given else {
            self.not_compared(&guess).await?;
            let detail = if is_first {
                "password: 请同时给出密码 / give the password too"
            } else {
                "present: 请同时给出现有第二因子的验证码或恢复码 / give a code of the present second factor, or a recovery code"
            };
            return Err(Refusal::new(Code::BadFilter, detail));
        };
        if is_first && !self.is_password(&account, given.clone()).await? {
            let kind = Kind::SecondFactor;
            return Err(self.own_failure(signed, kind, caller).await);
        }
        let (this, asked, address) = (self.clone(), signed.clone(), caller.text());
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| typed_code()).collect();
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| token_hash(code)).collect();
        let now = self.now();
        let confirmed = self
            .storage
            .write(move |tx| {
                let signed = this.access.still(tx, &asked, now)?;
                let locked = accounts::lock(tx, signed.person)?;
                let same =
                    |of: &Account| (&of.password, &of.totp) == (&account.password, &account.totp);
                let mut now_held = locked.filter(same).ok_or_else(wrong)?;
                let Some(secret) = now_held.totp_asked.clone() else {
                    let detail = "ask for a secret first: POST /v1/me/totp without a code";
                    return Err(Refusal::new(Code::BadFilter, detail));
                };
                if !is_first && use_code(tx, &mut now_held, &given, now)?.is_none() {
                    return Ok(Confirmed::NotProven);
                }
                lane::take_back(tx, &guess, is_first)?;
                let Some(step) = step(&secret, &typed(&code), 0, now) else {
                    // A used recovery code stays used.
                    accounts::save(tx, &now_held)?;
                    return Ok(Confirmed::WrongCode);
                };
                now_held.totp = Some(secret);
                (now_held.totp_asked, now_held.totp_step) = (None, step);
                accounts::save(tx, &now_held)?;
                accounts::set_recovery(tx, now_held.person, &hashes)?;
                let entry = Entry::new(Kind::SecondFactor, actor_of(now_held.person));
                let what = if is_first { "added" } else { "replaced" };
                this.audit.append(tx, &entry.about(what).from(&address))?;
                Ok(Confirmed::Done)
            })
            .await?;
        match confirmed {
            Confirmed::Done => Ok(TotpView {
                recovery_codes: codes,
                ..TotpView::default()
            }),
            Confirmed::NotProven => Err(self.own_failure(signed, Kind::SecondFactor, caller).await),
            Confirmed::WrongCode => {
                let detail = "code: it does not fit the new secret; check the clock of the device";
                Err(Refusal::new(Code::SignInRefused, detail))
            }
        }
    }
}

/// What became of a confirmation.
enum Confirmed {
    Done,
    /// The present second factor was not proven. The guess stays counted.
    NotProven,
    /// The code does not fit the new secret.
    WrongCode,
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
