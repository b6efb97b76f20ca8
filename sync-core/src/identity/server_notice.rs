//! Server notices: what the server signs for every device of a space about devices, grants and changes.

use minicbor::{Decode, Encode};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::record::{AreaPath, ChangeHash, DeviceId, DocId, GrantId, ServerTime, cbor};

/// The claims of a notice. They state the space, so that a notice holds in no other space.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ServerNotice {
    /// The space.
    #[n(0)]
    pub space: AreaPath,
    /// The number of the kind: see [`Subject`]. A kind that this version does not know is stored and relayed.
    #[n(1)]
    pub kind: u16,
    /// What it is about, by kind.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub subject: Vec<u8>,
    /// When it happened, by the server's clock.
    #[n(3)]
    pub at: ServerTime,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Kind 1: a device was revoked. What it made afterwards is void.
    DeviceRevoked(DeviceId),
    /// Kind 2: a grant ended, before the end that the grant states.
    GrantEnded(GrantId),
    /// Kind 3: a person accepted a change that no proof attests, or that came after its device was revoked or its grant had
    /// ended. Its events count.
    ChangeAccepted(DocId, ChangeHash),
    /// Kind 4: a device that was revoked must delete its data.
    DeviceErased(DeviceId),
}

impl Subject {
    /// The number of the kind, as notices and tables state it.
    pub const fn kind(self) -> u16 {
        match self {
            Self::DeviceRevoked(_) => 1,
            Self::GrantEnded(_) => 2,
            Self::ChangeAccepted(..) => 3,
            Self::DeviceErased(_) => 4,
        }
    }

    /// The bytes that name what it is about.
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Self::DeviceRevoked(device) | Self::DeviceErased(device) => device.as_bytes().to_vec(),
            Self::GrantEnded(grant) => grant.as_bytes().to_vec(),
            Self::ChangeAccepted(doc, change) => [doc.as_bytes(), change.as_bytes()].concat(),
        }
    }

    /// The subject of a notice of a kind; `None` if this version does not know the kind, or cannot read the bytes.
    pub fn read(kind: u16, bytes: &[u8]) -> Option<Self> {
        Some(match kind {
            1 => Self::DeviceRevoked(DeviceId::from_slice(bytes).ok()?),
            2 => Self::GrantEnded(GrantId::from_slice(bytes).ok()?),
            3 => {
                let (doc, change) = bytes.split_at_checked(DocId::LEN)?;
                let doc = DocId::from_slice(doc).ok()?;
                Self::ChangeAccepted(doc, ChangeHash::from_slice(change).ok()?)
            }
            4 => Self::DeviceErased(DeviceId::from_slice(bytes).ok()?),
            _ => return None,
        })
    }
}

impl ServerNotice {
    /// A notice about a subject.
    pub fn about(space: AreaPath, subject: Subject, at: ServerTime) -> Self {
        Self {
            space,
            kind: subject.kind(),
            subject: subject.bytes(),
            at,
        }
    }

    /// What it is about; `None` if this version does not know the kind, or cannot read the subject.
    pub fn subject(&self) -> Option<Subject> {
        Subject::read(self.kind, &self.subject)
    }
}

/// A notice with the server's signature. The claims are kept as the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedNotice {
    #[cbor(n(0), with = "minicbor::bytes")]
    claims: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

impl SignedNotice {
    /// Signs a notice.
    pub fn seal(notice: &ServerNotice, key: &SecretKey) -> Self {
        let claims = cbor::encode(notice);
        let signature = key.sign(Purpose::Notice, &claims);
        Self { claims, signature }
    }

    /// Checks the signature and reads the claims.
    ///
    /// # Errors
    /// [`BadSignature`] if this server did not sign it, or it cannot be read.
    pub fn open(&self, server: &PublicKey) -> Result<ServerNotice, BadSignature> {
        server.verify(Purpose::Notice, &self.claims, &self.signature)?;
        minicbor::decode(&self.claims).map_err(|_| BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_back_and_holds_with_the_key_of_its_server_only() {
        let key = SecretKey::from_seed([5; 32]);
        let space: AreaPath = "42/4201/420106".parse().unwrap();
        let subjects = [
            Subject::DeviceRevoked(DeviceId([1; 16])),
            Subject::GrantEnded(GrantId([2; 12])),
            Subject::ChangeAccepted(DocId([3; 16]), ChangeHash([4; 32])),
            Subject::DeviceErased(DeviceId([5; 16])),
        ];
        for subject in subjects {
            let notice = ServerNotice::about(space.clone(), subject, ServerTime(9));
            let sealed = SignedNotice::seal(&notice, &key);
            let opened = sealed.open(&key.public()).unwrap();
            assert_eq!((opened.subject(), &opened), (Some(subject), &notice));
            let other = SecretKey::from_seed([6; 32]).public();
            assert_eq!(sealed.open(&other), Err(BadSignature));
        }
        let newer = ServerNotice {
            kind: 9,
            ..ServerNotice::about(space, subjects[0], ServerTime(9))
        };
        assert_eq!(newer.subject(), None);
    }
}
