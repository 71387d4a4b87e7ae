//! The same laws for each kind of states.

use std::time::Duration;

use super::{Ends, Memory, States};

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(1500);

/// What every kind of states does.
async fn keeps_its_laws(states: &dyn States) {
    let [a, b] = [b"a".as_slice(), b"b"];
    assert_eq!(states.get("v").await, Ok(None));
    assert_eq!(
        states.exchange("v", Some(a), Some(b), LONG).await,
        Ok(false),
        "nothing is no old value"
    );
    assert_eq!(states.exchange("v", None, Some(a), LONG).await, Ok(true));
    assert_eq!(states.exchange("v", None, Some(b), LONG).await, Ok(false), "it is there already");
    assert_eq!(states.exchange("v", Some(b), None, LONG).await, Ok(false), "it is another");
    assert_eq!(states.exchange("v", Some(a), Some(b), LONG).await, Ok(true));
    assert_eq!(states.get("v").await, Ok(Some(b.to_vec())));
    assert_eq!(states.exchange("v", Some(b), None, LONG).await, Ok(true));
    assert_eq!(states.get("v").await, Ok(None));
    let empty: &[u8] = b"";
    assert_eq!(states.exchange("v", None, Some(empty), LONG).await, Ok(true));
    assert_eq!(states.exchange("v", None, Some(a), LONG).await, Ok(false), "an empty value is one");
    states.forget("v").await.unwrap();

    assert_eq!(states.count("n").await, Ok(None));
    assert_eq!(states.add("n", -1, Ends::AfterFirst(LONG)).await, Ok(0));
    assert_eq!(states.count("n").await, Ok(None), "there is less than nothing of nothing");
    for n in 1..4 {
        assert_eq!(states.add("n", 1, Ends::AfterLast(LONG)).await, Ok(n));
    }
    let counted = states.count("n").await.unwrap().unwrap();
    assert_eq!(counted.n, 3);
    assert!(LONG / 2 < counted.left && counted.left <= LONG, "{counted:?}");
    assert_eq!(states.add("n", -1, Ends::AfterLast(LONG)).await, Ok(2));
    states.forget("n").await.unwrap();
    assert_eq!(states.count("n").await, Ok(None));

    // A value that is changed ends when it would have; so does a count that ends after its first.
    states.exchange("old", None, Some(a), SHORT).await.unwrap();
    states.exchange("old", Some(a), Some(b), LONG).await.unwrap();
    states.add("first", 1, Ends::AfterFirst(SHORT)).await.unwrap();
    states.add("last", 1, Ends::AfterLast(SHORT)).await.unwrap();
    tokio::time::sleep(2 * SHORT / 3).await;
    states.add("first", 1, Ends::AfterFirst(SHORT)).await.unwrap();
    states.add("last", 1, Ends::AfterLast(SHORT)).await.unwrap();
    tokio::time::sleep(2 * SHORT / 3).await;
    assert_eq!(states.get("old").await, Ok(None));
    assert_eq!(states.count("first").await, Ok(None));
    assert_eq!(states.count("last").await.unwrap().map(|counted| counted.n), Some(2));
}

#[tokio::test]
async fn a_server_alone_remembers() {
    keeps_its_laws(&Memory::default()).await;
}

#[cfg(feature = "redis")]
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
#[path = "../../tests/server/common/redis.rs"]
mod server;

#[cfg(feature = "redis")]
mod shared {
    use super::{LONG, keeps_its_laws, server};
    use crate::states::{Away, Redis, States};

    #[tokio::test]
    async fn servers_share_what_they_remember() {
        let Some(redis) = server::Redis::start() else { return };
        let [one, two] = ["i", "i"].map(|of| Redis::open(&redis.address(), of).unwrap());
        keeps_its_laws(&one).await;
        one.exchange("v", None, Some(b"a"), LONG).await.unwrap();
        assert_eq!(two.get("v").await, Ok(Some(b"a".to_vec())));
        let other = Redis::open(&redis.address(), "other").unwrap();
        assert_eq!(other.get("v").await, Ok(None), "another installation has its own");
    }

    #[tokio::test]
    async fn a_redis_that_is_away_is_said_at_once_and_found_when_it_is_back() {
        let Some(mut redis) = server::Redis::start() else { return };
        let states = Redis::open(&redis.address(), "i").unwrap();
        states.get("v").await.unwrap();
        redis.stop();
        assert_eq!(states.get("v").await, Err(Away));
        let start = std::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(states.get("v").await, Err(Away));
        }
        assert!(start.elapsed().as_millis() < 500, "nobody waits for what is known to be away");
        redis.restart();
        let mut answer = Err(Away);
        for _ in 0..150 {
            answer = states.get("v").await;
            if answer.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(answer, Ok(None));
    }
}
