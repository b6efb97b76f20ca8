//! What a caller presents: a token in the header `Authorization`, or the cookie of a session.

use axum::http::{HeaderMap, header};

use sync_core::wire::Code;

use crate::{
    access::{Access, Reach, SESSION},
    refusal::Refusal,
};

/// The cookie of a session. Its prefix has browsers accept it only over TLS, for this host alone.
pub(super) const SESSION_COOKIE: &str = "__Host-xuncha";
/// The cookie of a browser from which a person signed in.
pub(super) const BROWSER_COOKIE: &str = "__Host-xuncha-browser";
/// The header in which a person with several roles names the one that acts.
const ASSIGNMENT: &str = "xuncha-assignment";

/// The token of a request. The name of the scheme is case-insensitive (RFC 9110, section 11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let parts = value.and_then(|v| v.trim().split_once(' '));
    parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_start())
        .ok_or_else(|| Refusal::new(Code::SessionExpired, "send Authorization: Bearer <token>"))
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all.filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (of, value) = pair.trim().split_once('=')?;
        (of == name).then_some(value)
    })
}

/// The token of a request: of the header `Authorization`, or else of the cookie of a session. A session is accepted only
/// from its cookie, and nothing else from a cookie: a browser adds cookies to requests that others cause.
///
/// Every check of a request reads its token here. If one check read the header and another one the cookie, a request
/// could pass each of them with another token.
///
/// # Errors
/// [`Code::SessionExpired`] if there is none.
pub(super) fn presented(headers: &HeaderMap) -> Result<&str, Refusal> {
    let from_header = bearer(headers);
    if let Ok(token) = from_header
        && !token.starts_with(SESSION)
    {
        return Ok(token);
    }
    let from_cookie = cookie(headers, SESSION_COOKIE).filter(|token| token.starts_with(SESSION));
    from_cookie.ok_or_else(|| match from_header {
        Ok(_) => Refusal::new(
            Code::SessionExpired,
            "a session is accepted only from its cookie",
        ),
        Err(missing) => missing,
    })
}

/// The token of a session, if that is what the request presents.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let token = presented(headers).ok();
    token.filter(|token| token.starts_with(SESSION))
}

/// What the caller may read.
pub(super) async fn reach(access: &Access, headers: &HeaderMap) -> Result<Reach, Refusal> {
    let token = presented(headers)?;
    if !token.starts_with(SESSION) {
        return access.reach(token).await;
    }
    let assignment = headers.get(ASSIGNMENT);
    // A value that is no text names no assignment, and is not the same as none.
    let assignment = assignment.map(|id| id.to_str().unwrap_or("?").to_owned());
    access.session_reach(token, assignment).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: Option<&str>, cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn a_session_comes_from_its_cookie_alone_and_a_key_from_the_header_alone() {
        let both = "a=b; __Host-xuncha=xs_1; __Host-xuncha-browser=c";
        let token = |headers: &HeaderMap| presented(headers).map(str::to_owned).ok();
        assert_eq!(token(&headers(None, both)).as_deref(), Some("xs_1"));
        assert_eq!(cookie(&headers(None, both), BROWSER_COOKIE), Some("c"));
        let key = headers(Some("Bearer xr_2"), both);
        assert_eq!(token(&key).as_deref(), Some("xr_2"));
        assert_eq!(token(&headers(None, "__Host-xuncha=xr_2")), None);
        assert_eq!(session(&key), None, "the cookie is not read");
        assert_eq!(token(&headers(Some("Bearer xs_1"), "a=b")), None);
        let basic = headers(Some("Basic eDp5"), both);
        assert_eq!(session(&basic), Some("xs_1"));
    }
}
