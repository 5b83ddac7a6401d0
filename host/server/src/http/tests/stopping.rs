//! How a listener ends.

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::client::{VERSIONS, config, ended, plain, read_answer, secure};
use super::*;

const REQUEST: &[u8] = b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// When a listener stops, a request that was begun gets its answer, what waits is closed, and an
/// unfinished handshake is given up: plain and with TLS.
#[tokio::test]
async fn stop_lets_requests_end() {
    let pair = Pair::new("server");
    let folder = Folder::new(&pair);
    for tls in [None, Some(folder.tls())] {
        let is_tls = tls.is_some();
        let running = start(ListenerOptions {
            tls,
            ..options(patient())
        })
        .await;
        let mut waiting = plain(running.address).await;
        let config = config(pair.der(), VERSIONS[1], None);
        let (mut busy_plain, mut busy_tls) = (None, None);
        if is_tls {
            let mut client = secure(running.address, &config).await.unwrap();
            client.write_all(REQUEST).await.unwrap();
            busy_tls = Some(client);
        } else {
            let mut client = plain(running.address).await;
            client.write_all(REQUEST).await.unwrap();
            busy_plain = Some(client);
        }
        running.tester.begun.notified().await;
        running.stop.send(true).unwrap();
        assert!(ended(&mut waiting).await.is_empty());
        running.tester.finish.notify_one();
        let answer = match (&mut busy_plain, &mut busy_tls) {
            (Some(client), _) => read_answer(client).await,
            (_, Some(client)) => read_answer(client).await,
            (None, None) => unreachable!(),
        };
        assert_eq!(answer.unwrap(), (200, b"done".to_vec()));
        timeout(PATIENCE, running.listener.drained()).await.unwrap();
    }
}

/// A request that never ends does not keep a listener from ending.
#[tokio::test]
async fn stop_is_bounded() {
    let bounds = Bounds {
        drain: SHORT,
        ..patient()
    };
    let running = start(options(bounds)).await;
    let mut client = plain(running.address).await;
    client.write_all(REQUEST).await.unwrap();
    running.tester.begun.notified().await;
    running.stop.send(true).unwrap();
    timeout(PATIENCE, running.listener.drained()).await.unwrap();
    assert!(ended(&mut client).await.is_empty());
}
