//! Nobody is woken while an administrator has stopped all sending.

use mooring_server::push::PushNowError;
use mooring_tests::clock::HOUR_MS;

use super::everybody;
use super::scene::Scene;

/// A pause that begins after the work was found holds the pushes back, those that are asked for
/// too; when it ends, whoever has something to do is woken once.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_woken() {
    let mut scene = Scene::new(3);
    scene.server.pause("test", None).unwrap();
    scene.add_profile("a");
    for _ in 0..3 {
        scene.tick_after(HOUR_MS).await;
    }
    assert_eq!((scene.apns.pushes(), scene.pusher.state().waiting), (0, 0));
    let refused = scene.pusher.push_now(&scene.id(1)).await;
    assert!(matches!(refused, Err(PushNowError::Paused)), "{refused:?}");
    scene.server.resume("test").unwrap();
    scene.tick_after(1000).await;
    assert_eq!(scene.wake(everybody), [0, 1, 2]);
    assert_eq!(scene.apns.pushes(), 3);
    scene.server.assert_applied(3);
}
