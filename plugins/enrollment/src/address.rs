//! Whether a text is a URL that a device may be sent to.
//!
//! Knows nothing of what is behind it, and resolves no name. Invariant: what passes is written in
//! the characters of RFC 3986 alone, has a host, and is `https` unless that host is this very
//! machine: a simulated device may speak plain HTTP, one on a network may not.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// The longest name of a host, in bytes (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// Why a text is no such URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressError {
    TooLong,
    Characters,
    Scheme,
    Login,
    Fragment,
    Host,
    Port,
    PlainHttp,
}

impl AddressError {
    /// What is wrong, without a word of the text itself.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::TooLong => "the URL is over 2048 bytes",
            Self::Characters => "the URL has characters that must be written as %XX",
            Self::Scheme => "this is not a URL that begins with https://",
            Self::Login => "the URL has a user name or password",
            Self::Fragment => "the URL has a fragment, which no server would see",
            Self::Host => "the URL has no usable host name",
            Self::Port => "the URL's port is not a number from 1 to 65535",
            Self::PlainHttp => "plain http is only for 127.0.0.0/8, [::1] and localhost",
        }
    }
}

/// Judges a URL.
pub(crate) fn check(url: &str) -> Result<(), AddressError> {
    if url.len() > URL_BYTES_MAX {
        return Err(AddressError::TooLong);
    }
    let (is_secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(AddressError::Scheme),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(AddressError::Login);
    }
    let is_loopback = host(authority)?;
    if path.contains('#') {
        return Err(AddressError::Fragment);
    }
    if !path.bytes().all(is_of_path) {
        return Err(AddressError::Characters);
    }
    if is_secure || is_loopback {
        Ok(())
    } else {
        Err(AddressError::PlainHttp)
    }
}

/// Whether the host of an authority, which may have a port, is this machine.
fn host(authority: &str) -> Result<bool, AddressError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (literal, after) = rest.split_once(']').ok_or(AddressError::Host)?;
        let address: Ipv6Addr = literal.parse().map_err(|_| AddressError::Host)?;
        match after.strip_prefix(':') {
            Some(digits) => port(digits)?,
            None if after.is_empty() => {}
            None => return Err(AddressError::Host),
        }
        return Ok(address.is_loopback());
    }
    let name = match authority.split_once(':') {
        Some((name, digits)) => {
            port(digits)?;
            name
        }
        None => authority,
    };
    let is_label = |label: &str| {
        let is_of_label = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !label.is_empty() && label.bytes().all(is_of_label)
    };
    if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
        return Err(AddressError::Host);
    }
    let address = name.parse::<Ipv4Addr>();
    Ok(name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.is_loopback()))
}

fn port(digits: &str) -> Result<(), AddressError> {
    let is_number = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(1..) if is_number => Ok(()),
        Ok(_) | Err(_) => Err(AddressError::Port),
    }
}

/// The characters of RFC 3986 that may follow the authority, but for the fragment's.
fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secure URLs pass with any host, plain ones only with this machine.
    #[test]
    fn passed() {
        for url in [
            "https://mdm.example.org",
            "https://mdm.example.org/mdm?tenant=a%20b",
            "https://mdm.example.org:8443/mdm",
            "https://192.0.2.7/mdm",
            "https://[2001:db8::1]:443/mdm",
            "http://127.0.0.1:9000/mdm",
            "http://127.8.9.10/scep",
            "http://[::1]:9000/mdm",
            "http://[::1]",
            "http://localhost/mdm",
            "http://LocalHost:1/mdm",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    /// Everything else is refused with its reason; a name that only looks like this machine too.
    #[test]
    fn refused() {
        let long = format!("https://a/{}", "a".repeat(URL_BYTES_MAX));
        let name = format!("https://{}", "a.".repeat(130));
        for (url, error) in [
            ("", AddressError::Scheme),
            ("mdm.example.org", AddressError::Scheme),
            ("ftp://mdm.example.org", AddressError::Scheme),
            ("HTTPS://mdm.example.org", AddressError::Scheme),
            (" https://mdm.example.org", AddressError::Scheme),
            ("https://", AddressError::Host),
            ("https:///mdm", AddressError::Host),
            ("https://a..b/", AddressError::Host),
            ("https://a b/", AddressError::Host),
            ("https://{{host.serial}}/", AddressError::Host),
            ("https://[::1/mdm", AddressError::Host),
            ("https://[::1]x/mdm", AddressError::Host),
            ("https://[127.0.0.1]/mdm", AddressError::Host),
            (name.as_str(), AddressError::Host),
            ("https://a:/", AddressError::Port),
            ("https://a:0/", AddressError::Port),
            ("https://a:+1/", AddressError::Port),
            ("https://a:65536/", AddressError::Port),
            ("https://[::1]:x/", AddressError::Port),
            ("https://me:secret@a/", AddressError::Login),
            ("http://127.0.0.1@evil.example/", AddressError::Login),
            ("https://a/#top", AddressError::Fragment),
            ("https://a/{{mooring.challenge}}", AddressError::Characters),
            ("https://a/b c", AddressError::Characters),
            ("https://a/\u{e9}", AddressError::Characters),
            ("https://a/\n", AddressError::Characters),
            ("http://mdm.example.org/mdm", AddressError::PlainHttp),
            ("http://localhost.example.org/", AddressError::PlainHttp),
            ("http://127.0.0.1.example.org/", AddressError::PlainHttp),
            ("http://127.1/", AddressError::PlainHttp),
            ("http://[::2]/", AddressError::PlainHttp),
            ("http://0.0.0.0/", AddressError::PlainHttp),
            (long.as_str(), AddressError::TooLong),
        ] {
            assert_eq!(check(url), Err(error), "{url}");
        }
    }
}
