//! The same over real connections: an odd certificate ends in an answer and not in an alert, and
//! what comes without a certificate is served where it may.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_server::device::DeviceAuth;
use mooring_server::enrollment::LinkRequest;
use mooring_server::serve::EnrollmentOptions;
use mooring_sim::{Enrollment, EnrollmentProfile, PrivateKey, SCEP_MESSAGE_TYPE, Wish};
use mooring_tests::identity::{
    Card, Wire, authority, outside, push_certificate, rsa_key, server_files,
};

use super::matrix::{OTHER, OURS, strangers};

const ROWS: [&str; 4] = ["authenticate", "token-update", "idle", "check-out"];

#[track_caller]
fn enroll(wire: &Wire, card: &Card, who: &mooring_tests::identity::Who, headers: Headers) {
    for row in ["authenticate", "token-update"] {
        let body = who.says(row);
        let headers = headers(card, &body);
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let answer = wire.message(Some(card), &headers, &body);
        assert_eq!(answer.status, 200, "{row}: {}", answer.text());
    }
}

type Headers = fn(&Card, &[u8]) -> Vec<String>;

fn no_headers(_: &Card, _: &[u8]) -> Vec<String> {
    Vec::new()
}

fn signature(card: &Card, body: &[u8]) -> Vec<String> {
    let signed = card.credential().sign_message(body, 1_700_000_000_000);
    vec![format!("Mdm-Signature: {}", signed.unwrap())]
}

fn header(card: &Card, _: &[u8]) -> Vec<String> {
    vec![format!("X-Client-Cert: :{}:", STANDARD.encode(card.der()))]
}

/// Every stranger in a real handshake, with a real signature or with a real header gets 400; the
/// device itself and another one are answered before and after.
#[test]
fn strangers_on_the_wire() {
    let ways: [(DeviceAuth, Headers); 3] = [
        (DeviceAuth::Mtls, no_headers),
        (DeviceAuth::Signature, signature),
        (DeviceAuth::Header, header),
    ];
    for (way, headers) in ways {
        let wire = Wire::start(|options, folder| {
            options.device_auth = vec![way];
            if way == DeviceAuth::Mtls {
                options.tls = Some(server_files(folder));
            }
            if way == DeviceAuth::Header {
                options.cert_header = Some("X-Client-Cert".to_owned());
                options.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            }
        });
        let (ours, other) = (outside().card("ours", 0), outside().card("other", 1));
        enroll(&wire, &ours, &OURS, headers);
        enroll(&wire, &other, &OTHER, headers);
        let host = || serde_json::to_string(&wire.core().host_detail(OURS.udid).unwrap()).unwrap();
        let before = host();
        for row in ROWS {
            let body = OURS.says(row);
            for (name, card) in strangers(&other) {
                let headers = card
                    .as_ref()
                    .map_or_else(Vec::new, |card| headers(card, &body));
                let headers: Vec<_> = headers.iter().map(String::as_str).collect();
                let answer = wire.message(card.as_ref(), &headers, &body);
                assert_eq!(answer.status, 400, "{row} by {way} with {name}");
                assert_eq!(answer.header("www-authenticate"), None);
            }
        }
        assert_eq!(host(), before, "{way}");
        let body = OURS.says("idle");
        let headers = headers(&ours, &body);
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let answer = wire.message(Some(&ours), &headers, &body);
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("ProfileList"));
    }
}

/// A header from an address that is no listed proxy is worth nothing, on loopback either.
#[test]
fn headers_from_elsewhere() {
    let wire = Wire::start(|options, _| {
        options.device_auth = vec![DeviceAuth::Header];
        options.cert_header = Some("X-Client-Cert".to_owned());
        options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    let card = outside().card("ours", 0);
    for row in ROWS {
        let body = OURS.says(row);
        let headers = header(&card, &body);
        let forwarded = ["X-Forwarded-For: 10.0.0.1", headers[0].as_str()];
        assert_eq!(wire.message(None, &forwarded, &body).status, 400, "{row}");
    }
    assert!(wire.core().host_detail(OURS.udid).is_err());
}

/// A device gets its profile and its certificate over TLS without showing one, and then is known
/// by it; a link that was used, and one that never was, are answered alike.
#[test]
fn enrolling_without_a_certificate() {
    let wire = Wire::start(|options, folder| {
        options.device_auth = vec![DeviceAuth::Mtls];
        options.tls = Some(server_files(folder));
        options.enrollment = Some(EnrollmentOptions::new("https://127.0.0.1:1"));
        // The CA of the other tests, so that none has to be made.
        let (data, pem) = (&options.data, authority().to_pem());
        std::fs::create_dir(data).unwrap();
        for (name, text) in [
            ("device-ca.pem", pem.ca_certificate.as_str()),
            ("device-ca-key.pem", pem.ca_key.expose()),
            ("scep.pem", pem.recipient_certificate.as_str()),
            ("scep-key.pem", pem.recipient_key.expose()),
        ] {
            std::fs::write(data.join(name), text).unwrap();
        }
    });
    wire.core()
        .set_push_certificate(push_certificate().as_bytes())
        .unwrap();
    let get = |path: &str| wire.request(None, "GET", path, &[], b"");
    let caps = get("/scep?operation=GetCACaps");
    assert!(caps.text().contains("POSTPKIOperation"), "{}", caps.text());
    let authorities = get("/scep?operation=GetCACert&message=Mooring");
    assert_eq!(
        authorities.header("content-type"),
        Some("application/x-x509-ca-ra-cert")
    );
    assert_eq!(get("/scep?operation=GetNextCACert").status, 400);

    for (serial, key, by_post) in [(OURS.serial, 0, true), (OTHER.serial, 1, false)] {
        let link = wire.core().create_link(&LinkRequest {
            serial: Some(serial.to_owned()),
            ..LinkRequest::default()
        });
        let url = link.unwrap().url;
        let path = url.strip_prefix("https://127.0.0.1:1").unwrap();
        let served = get(path);
        assert_eq!(served.status, 200);
        assert_eq!(
            served.header("content-type"),
            Some("application/x-apple-aspen-config")
        );
        let profile = EnrollmentProfile::read(&served.body).unwrap();
        let wish = Wish {
            authorities: &authorities.body,
            subject: &profile.scep.subject,
            challenge: profile.scep.challenge.as_deref(),
            present: None,
        };
        let key = PrivateKey::from_pkcs8(rsa_key(key)).unwrap();
        let (waiting, message) = Enrollment::begin(wish, key, now_ms()).unwrap();
        let reply = if by_post {
            let kind = format!("Content-Type: {SCEP_MESSAGE_TYPE}");
            let path = "/scep?operation=PKIOperation";
            wire.request(None, "POST", path, &[&kind], &message)
        } else {
            let message = STANDARD
                .encode(message)
                .replace('+', "%2B")
                .replace('=', "%3D");
            get(&format!("/scep?operation=PKIOperation&message={message}"))
        };
        assert_eq!(reply.header("content-type"), Some(SCEP_MESSAGE_TYPE));
        let card = Card::of(&waiting.finish(&reply.body).unwrap());
        let who = if by_post { OURS } else { OTHER };
        enroll(&wire, &card, &who, no_headers);
        let (used, unknown) = (get(path), get("/enroll/unknown"));
        assert_eq!((used.status, unknown.status), (404, 404));
        assert_eq!(used.body, unknown.body);
    }
}

/// Now by the system's clock, in Unix ms: a server at work has no other.
fn now_ms() -> u64 {
    mooring_server::clock::Clock::system().now().0
}
