//! Reads of personal data and decisions of reviewers go into the audit log.

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use super::{Components, admit::address, credential, extract::Seeing};
use crate::{
    access::{Access, Reach, SESSION},
    audit::{Entry, Kind},
    front::Peer,
    refusal::Refusal,
};

/// What personal data is read for, if the caller does not state it.
const USUAL: &str = "review";
/// The header in which a caller states it.
const PURPOSE: &str = "xuncha-purpose";
/// Hexadecimal digits of a hash that name a key.
const SHOWN: usize = 12;

/// A key by the beginning of its hash, as lists show it.
fn key_id(token: &str) -> String {
    let hash = hex::encode(Sha256::digest(token));
    hash.chars().take(SHOWN).collect()
}

/// The headers that state who calls; a request keeps nothing else of its headers until its response is known.
pub(super) fn credentials(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::COOKIE] {
        for value in headers.get_all(&name) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

/// The caller of a request that was refused, as far as its token states it.
pub(super) async fn caller(access: &Access, headers: &HeaderMap) -> String {
    match credential::presented(headers) {
        Ok(token) if token.starts_with(SESSION) => match access.signed(token).await {
            Ok(signed) => format!("person:{}", signed.person),
            Err(_) => "session".to_owned(),
        },
        Ok(token) => match access.device_of(token) {
            Ok(device) => format!("device:{device}"),
            Err(_) => format!("key:{}", key_id(token)),
        },
        Err(_) => "stranger".to_owned(),
    }
}

/// The caller of a request that was admitted.
pub(super) fn actor(reach: &Reach, headers: &HeaderMap) -> String {
    if let Some(device) = reach.device() {
        return format!("device:{device}");
    }
    let person = reach.account().map(|id| id.to_string()).unwrap_or_default();
    match credential::presented(headers) {
        Ok(token) if !token.starts_with(SESSION) => {
            format!("person:{person} key:{}", key_id(token))
        }
        _ => format!("person:{person}"),
    }
}

fn purpose(headers: &HeaderMap) -> String {
    let stated = headers.get(PURPOSE);
    let stated = stated.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    stated
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| USUAL.to_owned())
}

fn target(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(String::new, ToString::to_string)
}

fn entry(
    components: &Components,
    kind: Kind,
    reach: &Reach,
    (headers, peer): (&HeaderMap, Option<&Peer>),
) -> Entry {
    let from = address(&components.limits, headers, peer).map(|at| at.to_string());
    Entry::new(kind, actor(reach, headers)).from(from.unwrap_or_default())
}

/// What is needed of a request to record what it did.
pub(super) struct Record(HeaderMap, Option<Peer>);

/// A request whose act is recorded.
pub(super) struct Recording(pub(super) Record);

impl FromRequestParts<Components> for Recording {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &Components) -> Result<Self, Refusal> {
        let peer = parts.extensions.get().cloned();
        Ok(Self(Record(parts.headers.clone(), peer)))
    }
}

impl Record {
    /// Records an act that was done.
    pub(super) async fn about(
        self,
        components: &Components,
        kind: Kind,
        reach: &Reach,
        subject: String,
    ) -> Result<(), Refusal> {
        let entry = entry(components, kind, reach, (&self.0, self.1.as_ref()));
        components.audit.record(entry.about(subject)).await
    }
}

/// Records a read before its response is returned; without the record nothing is returned.
pub(super) async fn reads(
    State((components, kind)): State<(Components, Kind)>,
    request: Request,
    next: Next,
) -> Response {
    match recorded(components, kind, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn recorded(
    components: Components,
    kind: Kind,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let Seeing(reach) = Seeing::from_request_parts(&mut parts, &components).await?;
    let entry = entry(
        &components,
        kind,
        &reach,
        (&parts.headers, parts.extensions.get()),
    );
    let route = parts.extensions.get::<MatchedPath>();
    let is_photo = route.is_some_and(|route| route.as_str().starts_with("/v1/blobs"));
    let entry = entry
        .about(target(&parts.uri))
        .purpose(purpose(&parts.headers));
    // A device reads the photos of its records as part of its work; its sync is no read of reviewers' views.
    let is_own = is_photo && reach.device().is_some();
    parts.extensions.insert(reach);
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status().is_success() && !is_own {
        components.audit.record(entry).await?;
    }
    Ok(response)
}
