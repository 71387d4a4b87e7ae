//! Accounts: from the command that makes the first one to what each of them may see.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Answer, Running, start, start_in};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// Runs `graphlume-server users …` on a folder, with a line for its standard input.
fn users(folder: &Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_graphlume-server"))
        .arg("--data")
        .arg(folder)
        .arg("users")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A server with accounts: the administrator `root`, and `ann` and `bob`.
fn server() -> Running {
    let folder = TempDir::new().unwrap();
    let (done, said) = users(folder.path(), &["add", "root", "--admin"], &format!("{PASSWORD}\n"));
    assert!(done, "{said}");
    let server = start_in(folder, "auth = true");
    let root = server.token("root");
    for name in ["ann", "bob"] {
        let body = json!({"name": name, "password": PASSWORD});
        server.as_user(&root, "POST", "/api/v1/users", &body).expect(201);
    }
    server
}

trait Accounts {
    fn sign_in(&self, name: &str, password: &str) -> Answer;
    fn token(&self, name: &str) -> String;
    fn as_user(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer;
    fn upload_as(&self, token: &str, more: &str) -> String;
}

impl Accounts for Running {
    fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.json("POST", "/api/v1/sign-in", &json!({"name": name, "password": password}))
    }

    fn token(&self, name: &str) -> String {
        self.sign_in(name, PASSWORD).expect(200).json()["token"].as_str().unwrap().to_owned()
    }

    fn as_user(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers =
            [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let body = if method == "GET" { String::new() } else { body.to_string() };
        self.send(method, path, &headers, body.as_bytes())
    }

    fn upload_as(&self, token: &str, more: &str) -> String {
        let authorization = format!("Bearer {token}");
        let path = format!("/api/v1/datasets?name=edges.csv{more}");
        let answer =
            self.send("POST", &path, &[("authorization", &authorization)], b"source,target\na,b\n");
        answer.expect(201).json()["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn accounts_are_made_by_a_command_without_a_server() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str], input: &str| users(folder.path(), arguments, input);
    assert!(run(&["add", "ann", "--admin"], "long enough\n").0);
    assert!(run(&["add", "bob"], "long enough\r\n").0);
    let (done, said) = run(&["add", "bob"], "long enough\n");
    assert!(!done && said.contains("already"), "{said}");
    let (done, said) = run(&["add", "eve"], "short\n");
    assert!(!done && said.contains("8 to 1024 characters, not 5"), "{said}");
    let (done, said) = run(&["add", "a b"], "long enough\n");
    assert!(!done && said.contains("cannot be a name"), "{said}");
    assert_eq!(run(&["list"], ""), (true, "ann *\nbob\n".to_owned()));
    assert!(run(&["password", "bob"], "something else\n").0);
    assert!(run(&["remove", "ann"], "").0);
    let (done, said) = run(&["remove", "ann"], "");
    assert!(!done && said.contains("no user `ann`"), "{said}");
    let server = start_in(folder, "auth = true");
    server.sign_in("bob", "long enough").expect(401);
    server.sign_in("bob", "something else").expect(200);
    server.sign_in("ann", "long enough").expect(401);
}

#[test]
fn a_sign_in_is_a_token_and_a_cookie_that_pages_cannot_read() {
    let server = server();
    let answer = server.sign_in("ann", PASSWORD).expect(200);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=3600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let me = server.send("GET", "/api/v1/me", &[("cookie", pair)], b"").expect(200).json();
    assert_eq!((&me["user"]["name"], &me["user"]["is_admin"]), (&json!("ann"), &json!(false)));
    assert!(me["user"].get("password").is_none(), "{me}");
    assert_eq!(me["has_accounts"], true);
    // A young token is answered as it is.
    let again = server.send("POST", "/api/v1/refresh", &[("cookie", pair)], b"").expect(200).json();
    assert_eq!(again["token"], answer.json()["token"]);
    let out = server.send("POST", "/api/v1/sign-out", &[("cookie", pair)], b"").expect(204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    // Guests are guests; what is no token is no guest.
    assert_eq!(server.get("/api/v1/me").expect(200).json()["user"], Value::Null);
    server.as_user("a.b.c", "GET", "/api/v1/me", &Value::Null).expect(401);
    server.get("/api/v1/datasets").expect(401);
    server.post("/api/v1/refresh", b"").expect(401);
}

#[test]
fn whoever_fails_too_often_waits() {
    let server = server();
    for _ in 0..5 {
        server.sign_in("ann", "wrong horse").expect(401);
    }
    let answer = server.sign_in("ann", PASSWORD).expect(429);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    // Whoever has a token goes on.
    assert_eq!(answer.json()["error"]["code"], "busy");
}

#[test]
fn a_new_password_ends_the_sign_ins_with_the_old_one() {
    let server = server();
    let (root, ann) = (server.token("root"), server.token("ann"));
    let change = |old: &str, new: &str| {
        server.as_user(&ann, "POST", "/api/v1/me/password", &json!({"old": old, "new": new}))
    };
    change("wrong horse", "another horse").expect(401);
    change(PASSWORD, "short").expect(400);
    let new =
        change(PASSWORD, "another horse").expect(200).json()["token"].as_str().unwrap().to_owned();
    let me = |token: &str| server.as_user(token, "GET", "/api/v1/me", &Value::Null);
    me(&ann).expect(401);
    me(&new).expect(200);
    server.sign_in("ann", PASSWORD).expect(401);
    // An administrator needs no old password, and nobody else can.
    let set = json!({"password": "a third horse"});
    server.as_user(&new, "POST", "/api/v1/users/bob/password", &set).expect(403);
    server.as_user(&root, "POST", "/api/v1/users/ann/password", &set).expect(204);
    me(&new).expect(401);
    server.sign_in("ann", "a third horse").expect(200);
}

#[test]
fn administrators_alone_change_accounts() {
    let server = server();
    let (root, ann) = (server.token("root"), server.token("ann"));
    let body = json!({"name": "eve", "password": PASSWORD});
    server.as_user(&ann, "POST", "/api/v1/users", &body).expect(403);
    server.as_user(&ann, "GET", "/api/v1/users", &Value::Null).expect(403);
    server.as_user(&ann, "DELETE", "/api/v1/users/bob", &Value::Null).expect(403);
    server.json("POST", "/api/v1/users", &body).expect(401);
    server.as_user(&root, "POST", "/api/v1/users", &body).expect(201);
    server.as_user(&root, "POST", "/api/v1/users", &body).expect(409);
    let weak = json!({"name": "dan", "password": "short"});
    server.as_user(&root, "POST", "/api/v1/users", &weak).expect(400);
    let users = server.as_user(&root, "GET", "/api/v1/users", &Value::Null).expect(200).json();
    let names: Vec<_> = users.as_array().unwrap().iter().map(|user| user["name"].clone()).collect();
    assert_eq!(names, ["ann", "bob", "eve", "root"]);
    let eve = server.token("eve");
    server.as_user(&root, "DELETE", "/api/v1/users/eve", &Value::Null).expect(204);
    server.as_user(&eve, "GET", "/api/v1/me", &Value::Null).expect(401);
    server.as_user(&root, "DELETE", "/api/v1/users/eve", &Value::Null).expect(404);
    server.as_user(&root, "DELETE", "/api/v1/users/root", &Value::Null).expect(409);
}

#[test]
fn what_is_private_is_not_there_for_others() {
    let server = server();
    let [root, ann, bob] = ["root", "ann", "bob"].map(|name| server.token(name));
    let id = server.upload_as(&ann, "");
    let path = format!("/api/v1/datasets/{id}");
    let get = |token: &str| server.as_user(token, "GET", &path, &Value::Null).status;
    assert_eq!((get(&ann), get(&bob), get(&root)), (200, 404, 200));
    server.get(&path).expect(401);
    server.as_user(&bob, "PATCH", &path, &json!({"mode": "public"})).expect(404);
    server.as_user(&bob, "DELETE", &path, &Value::Null).expect(404);
    server.as_user(&bob, "POST", &format!("{path}/shares"), &json!({})).expect(404);
    // Public: whoever knows the address, to see and nothing else.
    server.as_user(&ann, "PATCH", &path, &json!({"mode": "public"})).expect(200);
    assert_eq!(get(&bob), 200);
    server.get(&path).expect(200);
    server.as_user(&bob, "PATCH", &path, &json!({"name": "mine"})).expect(403);
    server.as_user(&bob, "DELETE", &path, &Value::Null).expect(403);
    let list = server.as_user(&bob, "GET", "/api/v1/datasets", &Value::Null).expect(200).json();
    assert_eq!(list["total"], 0);
}

#[test]
fn members_see_what_is_their_organizations() {
    let server = server();
    let [root, ann, bob] = ["root", "ann", "bob"].map(|name| server.token(name));
    let new = json!({"slug": "acme", "name": "Acme & Sons"});
    server.as_user(&ann, "POST", "/api/v1/organizations", &new).expect(403);
    server.as_user(&root, "POST", "/api/v1/organizations", &new).expect(201);
    server.as_user(&root, "POST", "/api/v1/organizations", &new).expect(409);
    server.as_user(&root, "POST", "/api/v1/organizations", &json!({"slug": "ann"})).expect(409);
    server
        .as_user(&root, "POST", "/api/v1/users", &json!({"name": "acme", "password": PASSWORD}))
        .expect(409);
    let member = |token: &str, method: &str, name: &str, lead: bool| {
        let path = format!("/api/v1/organizations/acme/members/{name}");
        server.as_user(token, method, &path, &json!({"is_admin": lead})).status
    };
    assert_eq!(member(&ann, "PUT", "ann", true), 404, "nobody lets themselves in");
    assert_eq!(member(&root, "PUT", "ann", false), 204);
    assert_eq!(member(&ann, "PUT", "bob", false), 403, "she does not lead it");
    assert_eq!(member(&root, "PUT", "nobody", false), 404);
    let id = server.upload_as(&ann, "");
    let path = format!("/api/v1/datasets/{id}");
    let body = json!({"mode": "organization", "organization": "acme"});
    server.as_user(&ann, "PATCH", &path, &body).expect(200);
    let get = |token: &str| server.as_user(token, "GET", &path, &Value::Null).status;
    assert_eq!(get(&bob), 404);
    assert_eq!(member(&root, "PUT", "bob", true), 204);
    assert_eq!(get(&bob), 200);
    let members = server.as_user(&bob, "GET", "/api/v1/organizations/acme/members", &Value::Null);
    assert_eq!(
        members.expect(200).json(),
        json!([{"name": "ann", "is_admin": false}, {"name": "bob", "is_admin": true}, {"name": "root", "is_admin": true}])
    );
    let list = server.as_user(&bob, "GET", "/api/v1/datasets", &Value::Null).expect(200).json();
    assert_eq!(list["total"], 1);
    assert_eq!(member(&ann, "DELETE", "bob", false), 403);
    assert_eq!(member(&ann, "DELETE", "ann", false), 204, "whoever wants goes");
    assert_eq!(member(&bob, "DELETE", "ann", false), 404);
    // A sign-in for an organization is for members.
    let for_acme = |name: &str| {
        let body = json!({"name": name, "password": PASSWORD, "organization": "acme"});
        server.json("POST", "/api/v1/sign-in", &body)
    };
    for_acme("ann").expect(403);
    assert_eq!(for_acme("bob").expect(200).json()["organization"], "acme");
}

#[test]
fn a_link_opens_one_dataset_until_it_is_taken_back() {
    let server = server();
    let ann = server.token("ann");
    let (id, other) = (server.upload_as(&ann, ""), server.upload_as(&ann, ""));
    let path = format!("/api/v1/datasets/{id}");
    let shares = format!("{path}/shares");
    let make = |body: Value| server.as_user(&ann, "POST", &shares, &body);
    let made = make(json!({"email": "x@y.z"})).expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    assert!(made["url"].as_str().unwrap().ends_with(&format!("?dataset={id}&share={secret}")));
    let get = |path: &str, secret: &str| server.get(&format!("{path}?share={secret}")).status;
    assert_eq!(get(&path, secret), 200);
    assert_eq!(get(&path, "guess"), 401);
    assert_eq!(get(&format!("/api/v1/datasets/{other}"), secret), 401, "of another dataset");
    // What is listed opens nothing.
    let list = server.as_user(&ann, "GET", &shares, &Value::Null).expect(200).json();
    let token = list[0]["token"].as_str().unwrap();
    assert_eq!(list[0]["email"], "x@y.z");
    assert!(!list.to_string().contains(secret));
    assert_eq!(get(&path, token), 401);
    // To see is not to change; another link may.
    let change = |secret: &str| {
        let body = json!({"name": "theirs"});
        server.json("PATCH", &format!("{path}?share={secret}"), &body).status
    };
    assert_eq!(change(secret), 403);
    let editor = make(json!({"can_edit": true})).expect(201).json();
    assert_eq!(change(editor["secret"].as_str().unwrap()), 200);
    assert_eq!(
        server
            .json(
                "DELETE",
                &format!("{path}?share={}", editor["secret"].as_str().unwrap()),
                &json!({})
            )
            .status,
        403
    );
    // Taken back, and ended.
    server.as_user(&ann, "DELETE", &format!("{shares}/{token}"), &Value::Null).expect(204);
    assert_eq!(get(&path, secret), 401);
    make(json!({"expires_at": 1})).expect(400);
    let soon =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
            as i64
            + 300;
    let brief = make(json!({"expires_at": soon})).expect(201).json();
    let secret = brief["secret"].as_str().unwrap().to_owned();
    assert_eq!(get(&path, &secret), 200);
    let ended = || get(&path, &secret) == 401;
    let start = std::time::Instant::now();
    while !ended() {
        assert!(start.elapsed().as_secs() < 10, "the link should end");
    }
}

#[test]
fn a_key_signs_a_program_in_until_it_is_taken_back() {
    let server = server();
    let (ann, bob) = (server.token("ann"), server.token("bob"));
    let made =
        server.as_user(&ann, "POST", "/api/v1/keys", &json!({"name": "laptop"})).expect(201).json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let list = server.as_user(&ann, "GET", "/api/v1/keys", &Value::Null).expect(200).json();
    assert_eq!(list[0]["name"], "laptop");
    assert!(!list.to_string().contains(secret), "{list}");
    let sign_in = |id: &str, secret: &str| {
        let authorization = format!("PersonalKey {id}:{secret}");
        server.send("GET", "/api/v2/auth/pkey/jwt/", &[("authorization", &authorization)], b"")
    };
    let token = sign_in(id, secret).expect(200).json()["token"].as_str().unwrap().to_owned();
    let me = server.as_user(&token, "GET", "/api/v1/me", &Value::Null).expect(200).json();
    assert_eq!(me["user"]["name"], "ann");
    sign_in(id, "guess").expect(400);
    sign_in("guess", secret).expect(400);
    let path = format!("/api/v1/keys/{id}");
    server.as_user(&bob, "DELETE", &path, &Value::Null).expect(404);
    server.as_user(&ann, "DELETE", &path, &Value::Null).expect(204);
    sign_in(id, secret).expect(400);
}

#[test]
fn without_accounts_everybody_is_the_one_user() {
    let server = start("");
    let token = server.token("anybody");
    let me = server.as_user(&token, "GET", "/api/v1/me", &Value::Null).expect(200).json();
    assert_eq!((&me["user"]["name"], &me["has_accounts"]), (&json!("local"), &json!(false)));
    server.get("/api/v1/me").expect(200);
    server.as_user("no token", "GET", "/api/v1/me", &Value::Null).expect(200);
    for (method, path, body) in [
        ("POST", "/api/v1/users", json!({"name": "eve", "password": PASSWORD})),
        ("POST", "/api/v1/keys", json!({})),
        ("POST", "/api/v1/organizations", json!({"slug": "acme"})),
    ] {
        let answer = server.json(method, path, &body).expect(409).json();
        assert!(answer["error"]["message"].as_str().unwrap().contains("--auth"), "{answer}");
    }
    server.post("/api/v1/refresh", b"").expect(200);
}

#[test]
fn mistakes_in_a_body_are_told() {
    let server = start("");
    for body in ["", "{", "{\"name\": \"ann\"}", "{\"name\": 1, \"password\": \"\"}"] {
        let answer = server.send(
            "POST",
            "/api/v1/sign-in",
            &[("content-type", "application/json")],
            body.as_bytes(),
        );
        assert_eq!(answer.expect(400).json()["error"]["code"], "invalid", "{body}");
    }
}

#[test]
fn whoever_signs_out_is_out_wherever_and_others_stay() {
    let server = server();
    let (one, two) = (server.token("ann"), server.token("ann"));
    let me = |server: &Running, token: &str| {
        server.as_user(token, "GET", "/api/v1/me", &Value::Null).status
    };
    server.as_user(&one, "POST", "/api/v1/sign-out", &Value::Null).expect(204);
    assert_eq!((me(&server, &one), me(&server, &two)), (401, 200));
    server.as_user(&one, "POST", "/api/v1/refresh", &Value::Null).expect(401);
    let cookie = format!("graphlume_session={two}");
    server.send("POST", "/api/v1/sign-out", &[("cookie", &cookie)], b"").expect(204);
    let guest = server.send("GET", "/api/v1/me", &[("cookie", &cookie)], b"").expect(200).json();
    assert_eq!(guest["user"], Value::Null);
    // The client of Graphistry signs in again when it reads these words.
    let answer = server.json("POST", "/api-token-verify/", &json!({"token": two}));
    assert!(answer.text().contains("Token has expired."), "{}", answer.text());
    let three = server.token("ann");
    let server = start_in(server.stop(), "auth = true");
    assert_eq!([&one, &two, &three].map(|token| me(&server, token)), [401, 401, 200]);
}

#[test]
fn numbers_are_for_administrators_and_scrapers() {
    let folder = server().stop();
    let toml = "auth = true\nmetrics_token = \"a secret of some length\"";
    let server = start_in(folder, toml);
    let metrics = |token: &str| server.as_user(token, "GET", "/metrics", &Value::Null);
    server.get("/metrics").expect(401);
    metrics(&server.token("ann")).expect(403);
    metrics("another secret of that length").expect(401);
    let numbers = metrics("a secret of some length").expect(200).text();
    assert!(numbers.contains("graphlume"), "{numbers}");
    metrics(&server.token("root")).expect(200);
    // Nothing else answers to that secret.
    server.as_user("a secret of some length", "GET", "/api/v1/datasets", &Value::Null).expect(401);
}
