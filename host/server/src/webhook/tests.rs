//! Deliveries over TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::{Client, DeliveryError};
use super::*;

/// A server with a certificate of its own for `localhost`, and that certificate.
fn server() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// Takes one request and answers it; what it was, or nothing if no connection came about.
async fn take(listener: &TcpListener, acceptor: &TlsAcceptor) -> Option<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut bytes = vec![0; 4096];
    let mut length = 0;
    while !bytes[..length].ends_with(b"{\"a\":1}") {
        length += stream.read(&mut bytes[length..]).await.unwrap();
    }
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// Proves that a server whose authority is given is trusted for its name, and no other.
#[tokio::test]
async fn over_tls() {
    let (acceptor, pem) = server();
    let (_, other) = server();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = |host: &str, pem: Option<&str>| {
        let mut options = WebhookOptions::new(format!("https://{host}:{port}/events"));
        options.ca_pem = pem.map(|pem| pem.as_bytes().to_vec());
        Client::new(options).unwrap()
    };
    let body = || b"{\"a\":1}".to_vec();

    let mut trusting = client("localhost", Some(&pem));
    let (taken, delivered) = tokio::join!(take(&listener, &acceptor), trusting.deliver(body()));
    delivered.unwrap();
    let taken = taken.expect("a request");
    assert!(taken.starts_with("POST /events HTTP/1.1\r\n"), "{taken}");
    assert!(
        taken.contains(&format!("host: localhost:{port}\r\n")),
        "{taken}"
    );

    for mut wary in [
        client("localhost", Some(&other)),
        client("localhost", None),
        client("127.0.0.1", Some(&pem)),
    ] {
        let (taken, delivered) = tokio::join!(take(&listener, &acceptor), wary.deliver(body()));
        assert!(matches!(delivered, Err(DeliveryError::Connect(_))));
        assert!(taken.is_none());
    }
}

/// Proves that a server which never answers costs no more than the timeout.
#[tokio::test]
async fn silence_is_bounded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = WebhookOptions::new(format!("http://{}", listener.local_addr().unwrap()));
    options.limits.timeout = Duration::from_millis(20);
    let delivered = Client::new(options).unwrap().deliver(Vec::new()).await;
    assert!(matches!(delivered, Err(DeliveryError::Timeout(_))));
}
