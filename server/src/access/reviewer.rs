//! Tokens of the review API for people.

use sync_core::{
    record::{AreaPath, DAY_MS, PersonId, Role, ServerTime},
    wire::Code,
};

use super::{Access, token::token_hash};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        accounts::{self, Class},
        aliases,
        credentials::{self, Token},
    },
};

/// Days that a token of the review API is valid, unless another time is given.
pub const TOKEN_DAYS: i64 = 90;

/// Refuses a person who is an administrator: administrators have no reviewing role.
///
/// # Errors
/// [`Code::OutOfScope`].
pub fn refuse_administrator(tx: &mut dyn Tx, person: PersonId) -> Result<(), Refusal> {
    for id in aliases::all(tx)?.ids(person) {
        if accounts::find(tx, id)?.is_some_and(|of| of.class != Class::Business) {
            let detail =
                "管理员不得兼任业务角色 / the person is an administrator, who has no other role";
            return Err(Refusal::new(Code::OutOfScope, detail));
        }
    }
    Ok(())
}

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
        let token = self.new_key();
        let hash = token_hash(&token);
        let keep = move |tx: &mut dyn Tx| {
            let token = Token {
                token_hash: &hash,
                person,
                role,
                area: &area,
                label: &label,
                expires_at: Some(until),
                assignment: None,
            };
            refuse_administrator(tx, person)?;
            credentials::insert_token(tx, &token)?;
            Ok::<_, Refusal>(())
        };
        self.storage.write(keep).await?;
        Ok(token)
    }
}
