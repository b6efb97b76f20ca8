//! Who administers: an administrator who has signed in, or a command at the server's console.

use sync_core::{
    record::{PersonId, ServerTime},
    wire::Code,
};

use super::{People, actor_of};
use crate::{
    access::{Access, Signed},
    audit::{Entry, Kind},
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{Account, Class},
    },
};

/// Who administers.
#[derive(Debug, Clone)]
pub enum Administrator {
    /// An administrator, with the address of the request.
    Signed(Box<Signed>, String),
    /// A command at the console, with the user of the system that ran it.
    Console(String),
}

impl Administrator {
    /// Checks that the actor may read as one of these classes.
    pub(super) fn reads(&self, classes: &[Class]) -> Result<(), Refusal> {
        match self {
            Self::Signed(signed, _) => signed.is_one_of(classes),
            Self::Console(_) => Ok(()),
        }
    }

    /// Checks that the actor may act as one of these classes now.
    pub(super) fn acts(&self, classes: &[Class], now: ServerTime) -> Result<(), Refusal> {
        match self {
            Self::Signed(signed, _) => signed.acts_as(classes, now),
            Self::Console(_) => Ok(()),
        }
    }

    /// The actor as of now, read in the transaction of an act, after checking that it may act as one of these classes.
    fn still(
        &self,
        tx: &mut dyn Tx,
        access: &Access,
        classes: &[Class],
        now: ServerTime,
    ) -> Result<Self, Refusal> {
        let Self::Signed(signed, address) = self else {
            return Ok(self.clone());
        };
        let signed = access.still(tx, signed, now)?;
        signed.acts_as(classes, now)?;
        Ok(Self::Signed(Box::new(signed), address.clone()))
    }

    /// Checks that the actor may change this account: administrators do not change each other's accounts, because one could
    /// become the other. That takes the console.
    pub(super) fn changes(&self, account: &Account) -> Result<(), Refusal> {
        if account.class == Class::Business || matches!(self, Self::Console(_)) {
            return Ok(());
        }
        let detail = "管理员的账号只能在服务器上用 xuncha admin accounts 办理 / an administrator's account is changed at the server with `xuncha admin accounts`";
        Err(Refusal::new(Code::OutOfScope, detail))
    }

    /// The person; `None` for a command at the console.
    pub(super) fn person(&self) -> Option<PersonId> {
        match self {
            Self::Signed(signed, _) => Some(signed.person),
            Self::Console(_) => None,
        }
    }

    /// An entry of the audit log.
    pub(super) fn entry(&self, kind: Kind) -> Entry {
        match self {
            Self::Signed(signed, address) => {
                Entry::new(kind, actor_of(signed.person)).from(address)
            }
            Self::Console(user) => Entry::new(kind, format!("command:{user}")),
        }
    }
}

impl People {
    /// Does an act of an administrator of one of these classes in one transaction, in which the actor is checked again.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::PasswordOld`], [`Code::ProofNeeded`], [`Code::SignedOut`]; those of the work.
    pub(super) async fn administer<T: Send + 'static>(
        &self,
        actor: &Administrator,
        classes: &'static [Class],
        work: impl Fn(&mut dyn Tx, &Self, &Administrator, ServerTime) -> Result<T, Refusal>
        + Send
        + 'static,
    ) -> Result<T, Refusal> {
        let (this, asked, now) = (self.clone(), actor.clone(), self.now());
        // A refused caller does not take the turn of a writer.
        asked.acts(classes, now)?;
        self.storage
            .write(move |tx| {
                let actor = asked.still(tx, &this.access, classes, now)?;
                work(tx, &this, &actor, now)
            })
            .await
    }

    /// Reads for an administrator of one of these classes, and records that.
    ///
    /// # Errors
    /// [`Code::OutOfScope`], [`Code::PasswordOld`]; those of the work.
    pub(super) async fn inspect<T: Send + 'static>(
        &self,
        actor: &Administrator,
        classes: &'static [Class],
        what: String,
        read: impl Fn(&mut dyn Tx) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, Refusal> {
        actor.reads(classes)?;
        let found = self.storage.read(read).await?;
        self.audit
            .record(actor.entry(Kind::Read).about(what))
            .await?;
        Ok(found)
    }
}
