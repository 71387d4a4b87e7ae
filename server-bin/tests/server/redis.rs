//! Several servers that share a PostgreSQL, a store of objects and a Redis.

#![cfg(feature = "redis")]
#![expect(clippy::unwrap_used, reason = "a panic fails the test; what is skipped is said")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use redis::Commands;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Answer, Running, start};

const PASSWORD: &str = "correct horse";

/// Two servers, and what they share.
struct Pair {
    servers: [Running; 2],
    redis: crate::shared::Redis,
    _objects: TempDir,
    _database: crate::postgresql::Server,
}

/// Two servers with these options; with `auth` there is the account `ann`.
fn pair(options: &str) -> Option<Pair> {
    let redis = crate::shared::Redis::start()?;
    let database = crate::postgresql::Server::start()?;
    let objects = TempDir::new().unwrap();
    let options = format!(
        "database = {:?}\nstorage = \"file://{}\"\nredis = {:?}\n{options}",
        database.address(),
        objects.path().display(),
        redis.address(),
    );
    if options.contains("auth = true") {
        let data = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume-server"));
        command.arg("--data").arg(data.path()).args([
            "--database",
            &database.address(),
            "users",
            "add",
            "ann",
        ]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(child.wait().unwrap().success());
    }
    let servers = [start(&options), start(&options)];
    Some(Pair { servers, redis, _objects: objects, _database: database })
}

fn sign_in(server: &Running, password: &str) -> Answer {
    server.json("POST", "/api/v1/sign-in", &json!({"name": "ann", "password": password}))
}

/// Begins a sign-in by way of a browser; its state.
fn begin(server: &Running) -> Answer {
    server.post("/api/v2/g/sso/oidc/login/", b"")
}

fn poll(server: &Running, state: &str) -> Answer {
    server.get(&format!("/api/v2/o/sso/oidc/jwt/{state}/"))
}

fn approve(server: &Running, state: &str) -> Answer {
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    server.send("POST", &format!("/sso/{state}"), &kind, form.as_bytes())
}

fn state_of(begun: &Answer) -> String {
    begun.json()["data"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_program_is_signed_in_by_whichever_server_is_asked() {
    let Some(pair) = pair("auth = true") else { return };
    let [one, two] = &pair.servers;
    let state = state_of(&begin(one).expect(200));
    assert!(poll(two, &state).expect(200).json()["data"]["token"].is_null());
    approve(two, &state).expect(200);
    let token = poll(one, &state).expect(200).json()["data"]["token"].as_str().unwrap().to_owned();
    let authorization = format!("Bearer {token}");
    let me = two.send("GET", "/api/v1/me", &[("authorization", &authorization)], &[]).expect(200);
    assert_eq!(me.json()["user"]["name"], "ann");
    poll(two, &state).expect(404);
}

#[test]
fn failed_sign_ins_are_counted_together_and_apart_while_redis_is_away() {
    let Some(mut pair) = pair("auth = true") else { return };
    for at in 0..4 {
        sign_in(&pair.servers[at % 2], "wrong horse").expect(401);
    }
    sign_in(&pair.servers[0], "wrong horse").expect(401);
    let refused = sign_in(&pair.servers[1], PASSWORD).expect(429);
    assert!(refused.header("retry-after").is_some());

    pair.redis.stop();
    // What the servers have counted by themselves is not enough to be refused; they are ready, and go on counting.
    let [one, two] = &pair.servers;
    one.get("/ready").expect(200);
    sign_in(two, PASSWORD).expect(200);
    for _ in 0..5 {
        sign_in(two, "wrong horse").expect(401);
    }
    sign_in(two, PASSWORD).expect(429);
    sign_in(one, PASSWORD).expect(200);
    // A sign-in that one server begins and another ends cannot be, and says so.
    let away = begin(one).expect(503);
    assert!(away.text().contains("servers share"), "{}", away.text());

    pair.redis.restart();
    let [one, two] = &pair.servers;
    let mut begun = begin(one);
    for _ in 0..100 {
        if begun.status == 200 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        begun = begin(one);
    }
    let state = state_of(&begun.expect(200));
    for _ in 0..100 {
        if poll(two, &state).status == 200 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the second server should find Redis again");
}

/// Degrees of the nodes, as a server tells them.
fn degrees(server: &Running, id: &str) -> Value {
    server.get(&format!("/api/v1/datasets/{id}/rows?columns=id,degree")).expect(200).json()["rows"]
        .clone()
}

#[test]
fn what_one_server_computed_another_finds() {
    let Some(pair) = pair("") else { return };
    let [one, two] = &pair.servers;
    // Two graphs of four nodes and three edges.
    let star = one.upload("star.csv", b"s,t\na,b\na,c\na,d\n");
    let path = one.upload("path.csv", b"s,t\na,b\nb,c\nc,d\n");
    let [of_star, of_path] = [degrees(one, &star), degrees(one, &path)];
    assert_ne!(of_star, of_path);
    let client = redis::Client::open(pair.redis.address()).unwrap();
    let mut redis = client.get_connection().unwrap();
    let mut find = |id: &str| -> String {
        for _ in 0..100 {
            let keys: Vec<String> = redis.keys(format!("*{id}*degree")).unwrap();
            if let [key] = keys.as_slice() {
                return key.clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("what was computed of {id} is not shared");
    };
    let [star_key, path_key] = [find(&star), find(&path)];
    // Under the name of the path stands what is true of the star, which the second server can have from there alone.
    let value: Vec<u8> = redis.get(&star_key).unwrap();
    let _: () = redis.set_ex(&path_key, value, 60).unwrap();
    assert_eq!(degrees(two, &path), of_star);
    // What is no good is computed, and so is everything while Redis is away.
    let _: () = redis.set_ex(&star_key, "no good", 60).unwrap();
    assert_eq!(degrees(two, &star), of_star);
    drop(pair.redis);
    let last = two.upload("last.csv", b"s,t\na,b\nb,c\nc,d\n");
    assert_eq!(degrees(two, &last), of_path);
}
