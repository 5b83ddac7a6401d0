//! What devices get beside commands: the answers to check-ins that ask for something.
//!
//! Knows nothing of where a token comes from. Invariant: an answer holds what it is given, byte
//! for byte. These documents carry secrets; they are for the device alone.

use crate::plist::XmlWriter;

/// The answer to `GetBootstrapToken`. Without bytes the device learns that none is kept.
///
/// See <https://developer.apple.com/documentation/devicemanagement/getbootstraptokenresponse>.
pub fn bootstrap_token(token: &[u8]) -> Vec<u8> {
    one_entry("BootstrapToken", |xml| {
        xml.data(token);
    })
}

/// The answer to a first `UserAuthenticate` that asks for no password: an empty challenge.
///
/// See <https://developer.apple.com/documentation/devicemanagement/userauthenticateresponse>.
pub fn digest_challenge_empty() -> Vec<u8> {
    one_entry("DigestChallenge", |xml| {
        xml.string("");
    })
}

/// The answer to `GetToken`.
///
/// See <https://developer.apple.com/documentation/devicemanagement/gettokenresponse>.
pub fn token(token: &[u8]) -> Vec<u8> {
    one_entry("TokenData", |xml| {
        xml.data(token);
    })
}

fn one_entry(key: &str, value: impl FnOnce(&mut XmlWriter)) -> Vec<u8> {
    let mut xml = XmlWriter::new();
    xml.begin_dictionary().key(key);
    value(&mut xml);
    xml.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
        \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n";

    #[track_caller]
    fn check(reply: &[u8], key: &str, value: &str) {
        let expected = format!("{HEAD}<dict>\n\t<key>{key}</key>\n\t{value}\n</dict>\n</plist>\n");
        assert_eq!(String::from_utf8_lossy(reply), expected);
    }

    /// Each answer is exactly these bytes: devices have read such documents for many years.
    #[test]
    fn golden() {
        check(
            &bootstrap_token(&[0, 1, 0xFF]),
            "BootstrapToken",
            "<data>AAH/</data>",
        );
        check(&bootstrap_token(&[]), "BootstrapToken", "<data></data>");
        check(
            &digest_challenge_empty(),
            "DigestChallenge",
            "<string></string>",
        );
        check(&token(b"abc"), "TokenData", "<data>YWJj</data>");
    }
}
