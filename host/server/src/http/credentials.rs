//! What an administrator shows to be let in: the token, as a bearer or as a password.
//!
//! Knows nothing of routes. Invariant: digests are compared, so the time that takes tells nothing
//! about the token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// The one user that NanoMDM knows.
const NANOMDM_USER: &str = "nanomdm";
/// Says, where a browser sends it, which page made it send the request.
const FETCH_SITE: &str = "sec-fetch-site";

/// What is asked of whoever is not let in, where `takes_password` is as in [`Credentials::are_in`].
pub(super) fn demand(takes_password: bool) -> &'static str {
    if takes_password {
        "send HTTP Basic with user nanomdm and the token as password, or the header \
         `Authorization: Bearer TOKEN`; the token is in the file admin-token of the server's data \
         folder"
    } else {
        "send the header `Authorization: Bearer TOKEN`; the token is in the file admin-token of \
         the server's data folder"
    }
}

/// The token, as its digest.
pub(super) struct Credentials {
    digest: [u8; 32],
}

impl Credentials {
    /// Who has `token` is let in.
    pub(super) fn new(token: &str) -> Self {
        Self {
            digest: Sha256::digest(token).into(),
        }
    }

    /// Whether a request has `Bearer TOKEN`; or, where NanoMDM's tools speak, user and password.
    pub(super) fn are_in(&self, headers: &HeaderMap, takes_password: bool) -> bool {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some((scheme, given)) = given.and_then(|value| value.split_once(' ')) else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.is(given.trim());
        }
        takes_password
            && scheme.eq_ignore_ascii_case("basic")
            && !is_of_another_page(headers)
            && password(given.trim()).is_some_and(|password| self.is(&password))
    }

    fn is(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token).into();
        digest == self.digest
    }
}

/// The password of NanoMDM's user (RFC 7617).
fn password(given: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(given).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    (user == NANOMDM_USER).then(|| password.to_owned())
}

/// A browser remembers a password and sends it along with requests that any other page makes.
fn is_of_another_page(headers: &HeaderMap) -> bool {
    let site = headers
        .get(FETCH_SITE)
        .map(hyper::header::HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves who is let in: the token by either scheme, the user's name, and no other page.
    #[test]
    fn who_is_let_in() {
        let credentials = Credentials::new("secret");
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (header, takes_password, is_in) in [
            ("Bearer secret".to_owned(), false, true),
            ("bearer  secret".to_owned(), true, true),
            ("Bearer other".to_owned(), true, false),
            ("secret".to_owned(), true, false),
            (basic("nanomdm:secret"), true, true),
            (basic("nanomdm:secret"), false, false),
            (basic("admin:secret"), true, false),
            (basic("nanomdm:other"), true, false),
            ("Basic !".to_owned(), true, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().unwrap());
            assert_eq!(
                credentials.are_in(&headers, takes_password),
                is_in,
                "{header}"
            );
            if header.starts_with("Basic") {
                headers.insert(FETCH_SITE, "cross-site".parse().unwrap());
                assert!(!credentials.are_in(&headers, true), "{header}");
            }
        }
        assert!(!credentials.are_in(&HeaderMap::new(), true));
    }

    /// Proves that a demand names every way in that is open there, and no other.
    #[test]
    fn demands_name_the_ways_in() {
        let user = format!("Basic with user {NANOMDM_USER} ");
        for takes_password in [true, false] {
            let text = demand(takes_password);
            assert!(text.contains("Bearer TOKEN"), "{text}");
            assert_eq!(text.contains(&user), takes_password, "{text}");
        }
    }
}
