//! The client against the stand-in, over real TLS and HTTP/2 on loopback.
//!
//! Nothing sleeps: where something must take too long, the client's patience is short instead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::sync::Arc;
use std::time::Duration;

use mooring_push::{
    Apns, ApnsError, ApnsLimits, ApnsOptions, Cause, PushCertificate, PushOutcome, Target,
};
use mooring_sim::apns::{ApnsServer, ApnsServerOptions, Misbehaviour};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const TOPIC: &str = "com.apple.mgmt.External.6a5e0cbc-0a2f-4b1c-8d3f-0f6f5c8a1b2c";
const MAGIC: &str = "5A8E0A6C-0F0D-4E57-8E52-7A3B1D0B6C11";
/// Any time later than the epoch; the stand-in has no clock.
const EXPIRES_AT_S: u64 = 1_900_000_000;

fn token(number: u32) -> Vec<u8> {
    let mut token = vec![0xA5; 28];
    token.extend(number.to_be_bytes());
    token
}

fn target(number: u32) -> Target {
    Target::new(&token(number), MAGIC).unwrap()
}

/// A client that trusts `server` and shows a certificate of `issuer`.
fn client_of(server: &ApnsServer, issuer: &ApnsServer, limits: ApnsLimits) -> Apns {
    let pem = issuer.push_certificate_pem(TOPIC).unwrap();
    let certificate = PushCertificate::from_pem(pem.as_bytes()).unwrap();
    let options = ApnsOptions {
        url: server.url(),
        ca_pem: Some(server.ca_pem().into_bytes()),
        limits,
    };
    Apns::new(&certificate, &options).unwrap()
}

fn client(server: &ApnsServer) -> Apns {
    client_of(server, server, ApnsLimits::default())
}

async fn push(client: &Apns, number: u32) -> PushOutcome {
    client.push(&target(number), EXPIRES_AT_S).await
}

/// So many pushes at the same time; how many were accepted.
async fn push_many(client: &Arc<Apns>, count: u32) -> usize {
    let mut pushes = JoinSet::new();
    for number in 0..count {
        let client = Arc::clone(client);
        pushes.spawn(async move { push(&client, number).await });
    }
    let outcomes = pushes.join_all().await;
    outcomes
        .iter()
        .filter(|outcome| is_accepted(outcome))
        .count()
}

fn is_accepted(outcome: &PushOutcome) -> bool {
    matches!(outcome, PushOutcome::Accepted { .. })
}

fn cause(outcome: &PushOutcome) -> Option<&Cause> {
    match outcome {
        PushOutcome::Unavailable { cause, .. } => Some(cause),
        PushOutcome::Accepted { .. }
        | PushOutcome::Unregistered { .. }
        | PushOutcome::Rejected { .. }
        | PushOutcome::Throttled { .. } => None,
    }
}

/// Proves that a push is as Apple wants it, wakes its device, and brings Apple's id back.
#[tokio::test]
async fn accepted() {
    let server = ApnsServer::start().unwrap();
    server.register(&token(1), MAGIC);
    let mut wakes = server.subscribe(&token(1));
    let client = client(&server);
    let outcome = push(&client, 1).await;
    let apns_id = Some("00000000-0000-4000-8000-000000000001".to_owned());
    assert_eq!(outcome, PushOutcome::Accepted { apns_id });
    wakes.changed().await.unwrap();
    assert_eq!(*wakes.borrow(), 1);
    assert_eq!(server.mismatches(), Vec::<String>::new());
    drop(client);
    server.stop().await;
}

/// Proves that each answer of APNs becomes its outcome, and that none of them costs the connection.
#[tokio::test]
async fn answers() {
    let server = ApnsServer::start_with(ApnsServerOptions {
        is_strict: true,
        ..ApnsServerOptions::default()
    })
    .unwrap();
    let client = client(&server);
    let rejected = |status, reason: &str| PushOutcome::Rejected {
        status,
        reason: reason.to_owned(),
    };
    server.register(&token(1), MAGIC);
    server.unregister(&token(1), 1_700_000_000_123);
    let at_ms = Some(1_700_000_000_123);
    assert_eq!(push(&client, 1).await, PushOutcome::Unregistered { at_ms });
    assert_eq!(push(&client, 2).await, rejected(400, "BadDeviceToken"));
    server.register(&token(1), MAGIC);
    server.misbehave(Misbehaviour::Throttle, 1);
    let retry_after = Some(Duration::from_secs(30));
    assert_eq!(
        push(&client, 1).await,
        PushOutcome::Throttled { retry_after }
    );
    server.misbehave(Misbehaviour::Refuse403, 1);
    assert_eq!(push(&client, 1).await, rejected(403, "BadCertificate"));
    server.misbehave(Misbehaviour::BadRequest, 1);
    assert_eq!(push(&client, 1).await, rejected(400, "BadDeviceToken"));
    server.misbehave(Misbehaviour::Unavailable, 1);
    let unavailable = push(&client, 1).await;
    let expected = Cause::Server {
        status: 503,
        reason: "ServiceUnavailable".to_owned(),
    };
    assert_eq!(cause(&unavailable), Some(&expected));
    assert!(is_accepted(&push(&client, 1).await));
    assert_eq!(server.connections(), 1);
    assert_eq!(server.mismatches(), Vec::<String>::new());
}

/// Proves that 500 pushes at once share one connection and that the server's own limit of requests
/// at a time is obeyed: a refused stream would have cost the connection.
#[tokio::test]
async fn one_connection() {
    let server = ApnsServer::start_with(ApnsServerOptions {
        streams_max: 10,
        ..ApnsServerOptions::default()
    })
    .unwrap();
    let client = Arc::new(client(&server));
    assert_eq!(push_many(&client, 500).await, 500);
    assert_eq!(server.pushes(), 500);
    assert_eq!(server.connections(), 1);
    assert!(server.busiest() <= 10, "{}", server.busiest());
}

/// Proves that a GOAWAY between pushes and one among many lose none of them: what the old
/// connection no longer takes goes over a new one.
#[tokio::test]
async fn go_away() {
    let server = ApnsServer::start().unwrap();
    let client = Arc::new(client(&server));
    server.misbehave(Misbehaviour::GoAway, 1);
    assert!(is_accepted(&push(&client, 1).await));
    assert!(is_accepted(&push(&client, 2).await));
    assert_eq!(server.connections(), 2);
    server.misbehave(Misbehaviour::GoAway, 1);
    assert_eq!(push_many(&client, 200).await, 200);
    assert!(is_accepted(&push(&client, 3).await));
    assert!((2..=3).contains(&server.connections()));
}

/// Proves that a connection cut under many pushes loses none of them.
#[tokio::test]
async fn cut_connection() {
    let server = ApnsServer::start().unwrap();
    let client = Arc::new(client(&server));
    assert!(is_accepted(&push(&client, 1).await));
    server.misbehave(Misbehaviour::Close, 1);
    assert_eq!(push_many(&client, 200).await, 200);
    assert_eq!(server.connections(), 2);
}

/// Proves that a server that cuts every connection is not stormed: after the second in a row that
/// was of no use, pushes end at once and open none.
#[tokio::test]
async fn useless_connections() {
    let server = ApnsServer::start().unwrap();
    let client = client(&server);
    server.misbehave(Misbehaviour::Close, u32::MAX);
    let mut last = None;
    for number in 0..20 {
        last = Some(push(&client, number).await);
    }
    let PushOutcome::Unavailable { cause, retry_after } = last.unwrap() else {
        panic!("unavailable")
    };
    assert_eq!(cause, Cause::BackingOff);
    assert!(retry_after.unwrap() <= Duration::from_secs(1));
    assert_eq!(server.connections(), 1);
}

/// Proves that a server which never answers costs its time and no more, and that the connection
/// serves the next push.
#[tokio::test]
async fn silence() {
    let server = ApnsServer::start().unwrap();
    let limits = ApnsLimits {
        request_timeout: Duration::from_millis(700),
        ..ApnsLimits::default()
    };
    let client = client_of(&server, &server, limits);
    assert!(is_accepted(&push(&client, 1).await));
    server.misbehave(Misbehaviour::Silence, 1);
    assert_eq!(cause(&push(&client, 1).await), Some(&Cause::Timeout));
    assert!(is_accepted(&push(&client, 1).await));
    assert_eq!(server.connections(), 1);
    // The abandoned push is cancelled, or this would not end.
    while server.under_way() > 0 {
        tokio::task::yield_now().await;
    }
}

/// Forwards connections to the stand-in until told to go deaf; later connections are forwarded.
/// A relay that is deaf neither sends nor closes, as a network does that forgot a connection.
async fn relay(listener: TcpListener, to: String, mut deaf: watch::Receiver<u32>) {
    let mut connections = JoinSet::new();
    while let Ok((mut from_client, _)) = listener.accept().await {
        let mut to_server = TcpStream::connect(&to).await.unwrap();
        deaf.mark_unchanged();
        let mut deaf = deaf.clone();
        connections.spawn(async move {
            tokio::select! {
                _ = copy_bidirectional(&mut from_client, &mut to_server) => {}
                _ = deaf.changed() => std::future::pending().await,
            }
        });
    }
}

/// Proves that pings find a connection dead that nobody closed, and that the push under way on it
/// still gets through.
#[tokio::test]
async fn forgotten_connection() {
    let server = ApnsServer::start().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let deaf = watch::Sender::new(0);
    let to = server.url().replace("https://", "");
    let mut tasks = JoinSet::new();
    tasks.spawn(relay(listener, to, deaf.subscribe()));
    let pem = server.push_certificate_pem(TOPIC).unwrap();
    let certificate = PushCertificate::from_pem(pem.as_bytes()).unwrap();
    let options = ApnsOptions {
        url: format!("https://127.0.0.1:{port}"),
        ca_pem: Some(server.ca_pem().into_bytes()),
        limits: ApnsLimits {
            ping_interval: Duration::from_millis(200),
            ping_timeout: Duration::from_millis(200),
            ..ApnsLimits::default()
        },
    };
    let client = Apns::new(&certificate, &options).unwrap();
    assert!(is_accepted(&push(&client, 1).await));
    deaf.send_modify(|count| *count += 1);
    assert!(is_accepted(&push(&client, 2).await));
    assert_eq!(server.connections(), 2);
}

/// Proves that a push certificate which the service does not accept is named as such, and that
/// nothing is sent.
#[tokio::test]
async fn refused_certificate() {
    let server = ApnsServer::start().unwrap();
    let stranger = ApnsServer::start().unwrap();
    let client = client_of(&server, &stranger, ApnsLimits::default());
    let outcome = push(&client, 1).await;
    assert_eq!(cause(&outcome), Some(&Cause::CertificateRefused));
    assert_eq!(cause(&push(&client, 1).await), Some(&Cause::BackingOff));
    assert_eq!(server.pushes(), 0);
    assert_eq!(server.refused_connections(), 1);
}

/// Proves that a service with a certificate of an unknown authority gets no push.
#[tokio::test]
async fn untrusted_service() {
    let server = ApnsServer::start().unwrap();
    let pem = server.push_certificate_pem(TOPIC).unwrap();
    let certificate = PushCertificate::from_pem(pem.as_bytes()).unwrap();
    let options = ApnsOptions {
        url: server.url(),
        ..ApnsOptions::default()
    };
    let client = Apns::new(&certificate, &options).unwrap();
    assert_eq!(cause(&push(&client, 1).await), Some(&Cause::Untrusted));
    assert_eq!(server.pushes(), 0);
}

/// Proves that a service which is not there is told as such, that the next push does not try again
/// before its time, and that it does when that has come.
#[tokio::test]
async fn absent_service() {
    let server = ApnsServer::start().unwrap();
    let waiting = client(&server);
    let limits = ApnsLimits {
        backoff_first: Duration::ZERO,
        ..ApnsLimits::default()
    };
    let eager = client_of(&server, &server, limits);
    server.stop().await;
    assert_eq!(cause(&push(&waiting, 1).await), Some(&Cause::Connect));
    assert_eq!(cause(&push(&waiting, 1).await), Some(&Cause::BackingOff));
    assert_eq!(cause(&push(&eager, 1).await), Some(&Cause::Connect));
    assert_eq!(cause(&push(&eager, 1).await), Some(&Cause::Connect));
}

/// Proves that dropping the client ends its connection, so that nothing of it outlives its owner.
#[tokio::test]
async fn drop_ends_the_connection() {
    let server = ApnsServer::start().unwrap();
    let client = Arc::new(client(&server));
    server.misbehave(Misbehaviour::Silence, 1);
    let under_way = {
        let client = Arc::clone(&client);
        let mut pushes = JoinSet::new();
        pushes.spawn(async move { push(&client, 1).await });
        pushes
    };
    while server.under_way() == 0 {
        tokio::task::yield_now().await;
    }
    drop(under_way);
    drop(client);
    while server.under_way() > 0 {
        tokio::task::yield_now().await;
    }
}

/// Proves that addresses and authorities which cannot work are refused before any push.
#[tokio::test]
async fn options() {
    let server = ApnsServer::start().unwrap();
    let pem = server.push_certificate_pem(TOPIC).unwrap();
    let certificate = PushCertificate::from_pem(pem.as_bytes()).unwrap();
    let new = |url: &str, ca_pem: Option<&str>| {
        let options = ApnsOptions {
            url: url.to_owned(),
            ca_pem: ca_pem.map(|pem| pem.as_bytes().to_vec()),
            ..ApnsOptions::default()
        };
        Apns::new(&certificate, &options).err()
    };
    for url in ["https://api.push.apple.com", "https://[::1]:2197/"] {
        assert!(new(url, None).is_none(), "{url}");
    }
    for url in ["", "api.push.apple.com", "http://a:443", "https://a/3", "/"] {
        assert!(
            matches!(new(url, None), Some(ApnsError::Url { .. })),
            "{url}"
        );
    }
    for ca in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = new("https://a", Some(ca));
        assert!(matches!(error, Some(ApnsError::Authorities)), "{ca}");
    }
}
