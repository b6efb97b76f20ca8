//! Hashes of passwords: Argon2id. Each one takes 19 MiB and tens of milliseconds, so few run at once.

use std::{
    collections::HashMap,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use sync_core::{record::PersonId, wire::Code};
use tokio::sync::Semaphore;

use crate::refusal::Refusal;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Guesses from unknown browsers that wait for a turn at most; more are refused as busy.
const MOST_WAITING: usize = 16;

/// A hash of a password that no account has: an unknown login name takes as long as a known one.
const NONE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Computes hashes of passwords, as many at once as the machine has cores.
#[derive(Clone)]
pub(super) struct Hashing {
    /// Turns for guesses from unknown browsers.
    strangers: Arc<Semaphore>,
    /// One more turn, for known browsers and signed-in people: they never wait for strangers.
    known: Arc<Semaphore>,
    /// One of them waits for each person: many requests of one person wait for each other, and not others for them.
    persons: Arc<Persons>,
    waiting: Arc<AtomicUsize>,
}

/// Hashes for known persons, one at a time for each.
#[derive(Debug, Default)]
struct Persons(Mutex<HashMap<PersonId, Arc<Semaphore>>>);

impl Persons {
    fn of(&self, person: PersonId) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that no request holds any more.
        all.retain(|_, turns| Arc::strong_count(turns) > 1);
        let turns = all
            .entry(person)
            .or_insert_with(|| Arc::new(Semaphore::new(1)));
        Arc::clone(turns)
    }
}

impl Default for Hashing {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            strangers: Arc::new(Semaphore::new(cores)),
            known: Arc::new(Semaphore::new(1)),
            persons: Arc::default(),
            waiting: Arc::default(),
        }
    }
}

/// Counts a guess that waits, until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn argon() -> Result<Argon2<'static>, Refusal> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| failed())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed() -> Refusal {
    Refusal::new(Code::Internal, "a password could not be hashed")
}

impl Hashing {
    async fn run<T: Send + 'static>(
        &self,
        known: Option<PersonId>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let turns = match known {
            Some(person) => {
                let own = self.persons.of(person).acquire_owned().await;
                let own = own.map_err(|_| failed())?;
                let turn = Arc::clone(&self.known).acquire_owned().await;
                (Some(own), turn)
            }
            None => {
                let waiting = Waiting(Arc::clone(&self.waiting));
                if self.waiting.fetch_add(1, SeqCst) >= MOST_WAITING {
                    return Err(Refusal::new(Code::Busy, "too many people sign in at once"));
                }
                let turn = Arc::clone(&self.strangers).acquire_owned().await;
                drop(waiting);
                (None, turn)
            }
        };
        let (own, turn) = (turns.0, turns.1.map_err(|_| failed())?);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, own));
            done
        });
        done.await.map_err(|_| failed())
    }

    /// The hash of a password, as a PHC string. `known`: the person who asks; a command and the first run have none.
    ///
    /// # Errors
    /// [`Code::Internal`]; [`Code::Busy`] without a person while too many others wait.
    pub(super) async fn hash(
        &self,
        password: String,
        known: Option<PersonId>,
    ) -> Result<String, Refusal> {
        let hash = move || {
            let hash = argon()?.hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|_| failed())
        };
        self.run(known, hash).await?
    }

    /// Whether a password has this hash. Without a hash the answer is no, after the same work. `known`: the person whose
    /// browser or session it is.
    ///
    /// # Errors
    /// [`Code::Busy`] for an unknown browser while too many others wait.
    pub(super) async fn is_right(
        &self,
        password: String,
        hash: Option<String>,
        known: Option<PersonId>,
    ) -> Result<bool, Refusal> {
        let compare = move || {
            let exists = hash.is_some();
            let hash = hash.unwrap_or_else(|| NONE.to_owned());
            let Ok(parsed) = PasswordHash::new(&hash) else {
                return false;
            };
            let same = Argon2::default().verify_password(password.as_bytes(), &parsed);
            same.is_ok() && exists
        };
        self.run(known, compare).await
    }
}

/// Whether a hash was computed with other costs than the present ones.
pub(super) fn is_old(hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    let params = parsed.ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|of| (of.m_cost(), of.t_cost(), of.p_cost()) != COST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_compared_whatever_its_costs_and_old_costs_are_known() {
        let hashing = Hashing::default();
        let hash = hashing
            .hash("一串很长很长的密码".to_owned(), None)
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(!is_old(&hash) && !is_old(NONE));
        let right = |password: &str, hash: &str| {
            let (hashing, password) = (hashing.clone(), password.to_owned());
            let hash = Some(hash.to_owned());
            async move { hashing.is_right(password, hash, None).await.unwrap() }
        };
        assert!(right("一串很长很长的密码", &hash).await);
        assert!(!right("一串很长很长的密吗", &hash).await);
        let cheap = Params::new(64, 1, 1, None).unwrap();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
        let cheap = cheap.hash_password(b"earlier costs").unwrap().to_string();
        assert!(is_old(&cheap) && right("earlier costs", &cheap).await);
        let known = Some(PersonId([1; 16]));
        assert!(!hashing.is_right("x".to_owned(), None, known).await.unwrap());
    }

    #[tokio::test]
    async fn many_requests_of_one_person_take_turns_with_one_of_another() {
        let hashing = Hashing::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let run = |person: u8, hashing: &Hashing| {
            let (hashing, order) = (hashing.clone(), Arc::clone(&order));
            let work = move || order.lock().unwrap().push(person);
            tokio::spawn(async move { hashing.run(Some(PersonId([person; 16])), work).await })
        };
        let held = Arc::clone(&hashing.known).acquire_owned().await.unwrap();
        let mut all: Vec<_> = (0..8).map(|_| run(1, &hashing)).collect();
        tokio::task::yield_now().await;
        all.push(run(2, &hashing));
        tokio::task::yield_now().await;
        drop(held);
        for one in all {
            one.await.unwrap().unwrap();
        }
        assert_eq!(order.lock().unwrap()[..2], [1, 2]);
        drop(hashing.persons.of(PersonId([3; 16])));
        let left = hashing.persons.0.lock().unwrap().len();
        assert!(left <= 1, "{left} persons are remembered");
    }
}
