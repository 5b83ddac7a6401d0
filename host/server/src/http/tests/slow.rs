//! Clients that are slow, silent or too many.

use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use super::client::{ask, config, ended, plain, read_answer, secure};
use super::*;

const PART: &[u8] = b"GET / HTTP/1.1\r\nhost: local";

/// A head that stops arriving, or arrives byte by byte, ends its connection: on a new connection
/// and after an answer, plain and with TLS.
#[tokio::test]
async fn slow_heads() {
    let pair = Pair::new("server");
    let folder = Folder::new(&pair);
    for tls in [None, Some(folder.tls())] {
        let bounds = Bounds {
            head: SHORT,
            ..patient()
        };
        let is_tls = tls.is_some();
        let running = start(ListenerOptions {
            tls,
            ..options(bounds)
        })
        .await;
        for is_first in [true, false] {
            let began = Instant::now();
            if is_tls {
                let config = config(pair.der(), client::VERSIONS[1], None);
                let mut client = secure(running.address, &config).await.unwrap();
                if !is_first {
                    ask(&mut client, "/").await.unwrap();
                }
                client.write_all(PART).await.unwrap();
                assert!(ended(&mut client).await.is_empty());
            } else {
                let mut client = plain(running.address).await;
                if !is_first {
                    ask(&mut client, "/").await.unwrap();
                }
                client.write_all(PART).await.unwrap();
                assert!(ended(&mut client).await.is_empty());
            }
            assert!(began.elapsed() >= SHORT);
        }
    }
}

/// Bytes that keep coming do not lengthen the time that a head has.
#[tokio::test]
async fn trickled_head() {
    let bounds = Bounds {
        head: SHORT,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut client = plain(running.address).await;
    ask(&mut client, "/").await.unwrap();
    let began = Instant::now();
    let mut ticks = tokio::time::interval(SHORT / 10);
    while client.write_all(b"a").await.is_ok() {
        ticks.tick().await;
        assert!(began.elapsed() < PATIENCE, "the connection stays open");
    }
    assert!(began.elapsed() >= SHORT);
}

/// The beginning of a head that came with the request before it is bounded as well.
#[tokio::test]
async fn head_behind_a_request() {
    let bounds = Bounds {
        head: SHORT,
        idle: SHORT,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut client = plain(running.address).await;
    let both = [b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", PART].concat();
    client.write_all(&both).await.unwrap();
    assert_eq!(read_answer(&mut client).await.unwrap().0, 200);
    assert!(ended(&mut client).await.is_empty());
}

/// A connection that asks nothing more is closed after its idle time.
#[tokio::test]
async fn idle_connection() {
    let bounds = Bounds {
        idle: SHORT,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut client = plain(running.address).await;
    let began = Instant::now();
    ask(&mut client, "/").await.unwrap();
    assert!(ended(&mut client).await.is_empty());
    assert!(began.elapsed() >= SHORT);
}

/// The idle time begins anew with each answer, and is not that of a head; only the first request
/// of a connection has no more than the latter.
#[tokio::test]
async fn returning_connection() {
    let bounds = Bounds {
        head: SHORT,
        idle: SHORT * 6,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut client = plain(running.address).await;
    for _ in 0..5 {
        assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
        tokio::time::sleep(SHORT * 2).await;
    }
    let bounds = Bounds {
        head: SHORT,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut silent = plain(running.address).await;
    assert!(ended(&mut silent).await.is_empty());
}

/// A body that stops arriving is answered with 408, and the connection ends.
#[tokio::test]
async fn slow_body() {
    let running = start(options(patient())).await;
    let mut client = plain(running.address).await;
    let head = b"PUT /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf";
    client.write_all(head).await.unwrap();
    let answer = read_answer(&mut client).await.unwrap();
    assert_eq!(answer, (408, b"slow".to_vec()));
    assert!(ended(&mut client).await.is_empty());
}

/// A client that never reads its answer loses its connection: the only place is free again.
#[tokio::test]
async fn slow_readers() {
    let pair = Pair::new("server");
    let folder = Folder::new(&pair);
    for tls in [None, Some(folder.tls())] {
        let bounds = Bounds {
            write: SHORT,
            ..patient()
        };
        let is_tls = tls.is_some();
        let running = start(ListenerOptions {
            tls,
            connections_max: 1,
            ..options(bounds)
        })
        .await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut slow = socket.connect(running.address).await.unwrap();
        let request = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let began = Instant::now();
        if is_tls {
            let config = config(pair.der(), client::VERSIONS[1], None);
            let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
            let mut slow = connector.connect(name, slow).await.unwrap();
            slow.write_all(request).await.unwrap();
            let mut next = secure(running.address, &config).await.unwrap();
            assert_eq!(ask(&mut next, "/").await.unwrap().0, 200);
            assert!(ended(&mut slow).await.len() < LARGE_BYTES);
        } else {
            slow.write_all(request).await.unwrap();
            let mut next = plain(running.address).await;
            assert_eq!(ask(&mut next, "/").await.unwrap().0, 200);
            assert!(ended(&mut slow).await.len() < LARGE_BYTES);
        }
        assert!(began.elapsed() >= SHORT);
    }
}

/// A client that takes its answer slowly, but takes it, gets all of it.
#[tokio::test]
async fn patient_reader() {
    use tokio::io::AsyncReadExt;
    let bounds = Bounds {
        write: SHORT * 5,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(256 * 1024).unwrap();
    let mut client = socket.connect(running.address).await.unwrap();
    let request = b"GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    let began = Instant::now();
    let (mut taken, mut part) = (0, vec![0; LARGE_BYTES / 64]);
    loop {
        let read = client.read(&mut part).await.unwrap();
        taken += read;
        if read == 0 {
            break;
        }
        if began.elapsed() < SHORT * 10 {
            tokio::time::sleep(SHORT / 2).await;
        }
    }
    assert!(taken > LARGE_BYTES && began.elapsed() >= SHORT * 10);
}

/// A handshake that is never begun, or never finished, ends in its time.
#[tokio::test]
async fn endless_handshakes() {
    let folder = Folder::new(&Pair::new("server"));
    let bounds = Bounds {
        handshake: SHORT,
        ..patient()
    };
    let running = start(ListenerOptions {
        tls: Some(folder.tls()),
        ..options(bounds)
    })
    .await;
    for begun in [
        &b""[..],
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
    ] {
        let began = Instant::now();
        let mut client = plain(running.address).await;
        client.write_all(begun).await.unwrap();
        assert!(ended(&mut client).await.is_empty());
        assert!(began.elapsed() >= SHORT);
    }
}

/// One connection too many from an address is closed at once; the others go on, and a place that
/// is given back can be taken.
#[tokio::test]
async fn too_many_of_one_address() {
    let running = start(ListenerOptions {
        connections_per_address_max: Some(2),
        ..options(patient())
    })
    .await;
    let mut first = plain(running.address).await;
    let mut second = plain(running.address).await;
    ask(&mut first, "/").await.unwrap();
    ask(&mut second, "/").await.unwrap();
    let mut third = plain(running.address).await;
    assert!(ended(&mut third).await.is_empty());
    ask(&mut first, "/").await.unwrap();
    drop(second);
    let began = Instant::now();
    loop {
        let mut fourth = plain(running.address).await;
        if ask(&mut fourth, "/").await.is_ok() {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "the place stays taken");
    }
}

/// Networks that are exempt are not counted, whatever their number.
#[tokio::test]
async fn exempt_addresses() {
    let running = start(ListenerOptions {
        connections_per_address_max: Some(1),
        exempt: vec!["127.0.0.0/8".parse().unwrap()],
        ..options(patient())
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = plain(running.address).await;
        assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
        clients.push(client);
    }
}
