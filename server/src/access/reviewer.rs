//! Tokens of the review API for people.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sync_core::record::{AreaPath, DAY_MS, PersonId, Role, ServerTime};

use super::{Access, token::token_hash};
use crate::{
    host::random,
    refusal::Refusal,
    storage::{
        Tx,
        credentials::{self, Token},
    },
};

/// Days that a token of the review API is valid, unless another time is given.
pub const TOKEN_DAYS: i64 = 90;

impl Access {
    /// Creates a token of the review API that is valid for [`TOKEN_DAYS`] days. Only its hash is stored.
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn issue_token(
        &self,
        person: PersonId,
        role: Role,
        area: AreaPath,
        label: String,
    ) -> Result<String, Refusal> {
        let until = ServerTime(self.now().0 + TOKEN_DAYS * DAY_MS);
        self.issue_token_until(person, role, area, label, until)
            .await
    }

    /// As [`Self::issue_token`]; the token is valid until `until` (exclusive).
    ///
    /// # Errors
    /// [`Refusal::Storage`].
    pub async fn issue_token_until(
        &self,
        person: PersonId,
        role: Role,
        area: AreaPath,
        label: String,
        until: ServerTime,
    ) -> Result<String, Refusal> {
        let token = format!("xr_{}", URL_SAFE_NO_PAD.encode(random::<24>()));
        let hash = token_hash(&token);
        let keep = move |tx: &mut dyn Tx| {
            let token = Token {
                token_hash: &hash,
                person,
                role,
                area: &area,
                label: &label,
                expires_at: Some(until),
            };
            credentials::insert_token(tx, &token)
        };
        self.storage.write(keep).await?;
        Ok(token)
    }
}
