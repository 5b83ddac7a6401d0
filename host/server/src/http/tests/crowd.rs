//! More clients than connections, each of which keeps the one it has.

use std::time::Instant;

use tokio::task::JoinSet;

use super::client::{ask, ended, plain};
use super::*;

const CONNECTIONS: usize = 16;

/// Ten times as many clients as connections, who come at once and never go by themselves, are all
/// answered within moments: whoever has nothing more to say is closed while others wait.
#[tokio::test]
async fn a_herd() {
    let running = start(ListenerOptions {
        connections_max: CONNECTIONS,
        ..options(patient())
    })
    .await;
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS * 10 {
        let address = running.address;
        clients.spawn(async move {
            let mut client = plain(address).await;
            let answer = ask(&mut client, "/nothing").await.unwrap();
            (client, answer)
        });
    }
    let mut kept = Vec::new();
    while let Some(client) = clients.join_next().await {
        let (client, (status, body)) = client.unwrap();
        assert_eq!((status, body.len()), (200, 0));
        kept.push(client);
    }
    assert_eq!(kept.len(), CONNECTIONS * 10);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// One address that holds more than half of its places keeps none of them idle; below that it does,
/// and an answer with something in it ends no connection.
#[tokio::test]
async fn one_address() {
    let running = start(ListenerOptions {
        connections_per_address_max: Some(4),
        ..options(patient())
    })
    .await;
    let mut first = plain(running.address).await;
    let mut second = plain(running.address).await;
    for client in [&mut first, &mut second] {
        for _ in 0..3 {
            assert_eq!(ask(client, "/nothing").await.unwrap().0, 200);
        }
    }
    let mut third = plain(running.address).await;
    assert_eq!(ask(&mut third, "/").await.unwrap().0, 200);
    assert_eq!(ask(&mut third, "/nothing").await.unwrap().0, 200);
    assert!(ended(&mut third).await.is_empty());
    assert_eq!(ask(&mut first, "/nothing").await.unwrap().0, 200);
}
