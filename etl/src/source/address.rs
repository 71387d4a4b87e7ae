//! Addresses of sources: schemes, percent-encoding, and what may be shown of them.

use super::error::Fault;
use crate::error::nearest;

/// What an address says, before anything is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A path, a folder or a pattern.
    Files(String),
    /// Standard input.
    Standard,
    /// A URL of an object store, or a pattern of such.
    Objects(String),
    /// A SQLite file.
    Sqlite { path: String, ask: Ask },
    /// A PostgreSQL server: a URL without our own parameters, and what to ask it.
    Postgres { url: String, ask: Ask },
    /// A page of the web.
    Web(String),
}

/// What an address asks of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ask {
    pub(super) table: Option<String>,
    pub(super) query: Option<String>,
    pub(super) params: Vec<String>,
}

const SCHEMES: [&str; 15] = [
    "file",
    "sqlite",
    "postgres",
    "postgresql",
    "http",
    "https",
    "s3",
    "s3a",
    "gs",
    "gcs",
    "az",
    "azure",
    "adl",
    "abfs",
    "abfss",
];

impl Address {
    /// Reads an address; nothing is opened.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::BadAddress { part: "the address", reason: "is empty".into() });
        }
        if text == "-" {
            return Ok(Self::Standard);
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            return Ok(Self::file(text.to_owned()));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => {
                let path = rest.strip_prefix("//localhost").or(rest.strip_prefix("//"));
                Ok(Self::file(decode(path.unwrap_or(rest))?))
            }
            "sqlite" => {
                let (path, parameters) = split_query(rest);
                let path = decode(path.strip_prefix("//").unwrap_or(path))?;
                if path.is_empty() {
                    return Err(Fault::BadAddress { part: "the path", reason: "is empty".into() });
                }
                let (ask, others) = Ask::of(parameters)?;
                if let Some((key, _)) = others.first() {
                    return Err(Fault::NotForThis { option: (*key).into(), kind: "SQLite" });
                }
                Ok(Self::Sqlite { path, ask })
            }
            "postgres" | "postgresql" => {
                let (server, parameters) = split_query(rest);
                let (ask, others) = Ask::of(parameters)?;
                let mut url = format!("postgresql:{server}");
                for (i, (key, value)) in others.iter().enumerate() {
                    let mark = if i == 0 { '?' } else { '&' };
                    url.push(mark);
                    url.push_str(&[*key, *value].join("="));
                }
                Ok(Self::Postgres { url, ask })
            }
            "http" | "https" => Ok(Self::Web(text.to_owned())),
            known if SCHEMES.contains(&known) => Ok(Self::Objects(text.to_owned())),
            // A name of a file may hold a colon.
            _ if !rest.starts_with("//") => Ok(Self::file(text.to_owned())),
            unknown => Err(Fault::UnknownScheme {
                scheme: unknown.into(),
                nearest: nearest(unknown, SCHEMES),
            }),
        }
    }

    /// A path is a database if its suffix says so.
    fn file(path: String) -> Self {
        let suffix = path.rsplit_once('.').map(|(_, suffix)| suffix.to_ascii_lowercase());
        match suffix.as_deref() {
            Some("sqlite" | "sqlite3" | "db" | "db3") => Self::Sqlite { path, ask: Ask::default() },
            _ => Self::Files(path),
        }
    }

    /// The address as it may be shown: without passwords, and without what may hold some.
    pub(super) fn shown(&self) -> String {
        let table = |ask: &Ask| match &ask.table {
            Some(table) => format!("?table={table}"),
            None => String::new(),
        };
        match self {
            Self::Files(path) => path.clone(),
            Self::Standard => "standard input".to_owned(),
            Self::Objects(url) => without_secrets(url),
            Self::Sqlite { path, ask } => format!("sqlite:{path}{}", table(ask)),
            Self::Postgres { url, ask } => {
                format!("{}{}", without_secrets(split_query(url).0), table(ask))
            }
            Self::Web(url) => {
                let (page, parameters) = split_query(url.split('#').next().unwrap_or(url));
                let mark = if parameters.is_empty() { "" } else { "?…" };
                format!("{}{mark}", without_secrets(page))
            }
        }
    }

    /// Texts that must not show in any message.
    pub(super) fn secrets(&self) -> Vec<String> {
        let (Self::Postgres { url, .. } | Self::Web(url) | Self::Objects(url)) = self else {
            return Vec::new();
        };
        let mut secrets = Vec::new();
        if let Some((_, password)) = meant_user(url).and_then(|user| user.split_once(':')) {
            secrets.extend(decode(password).ok());
            secrets.push(password.to_owned());
        }
        for pair in split_query(url).1.split('&') {
            if let Some((key, value)) = pair.split_once('=')
                && (matches!(self, Self::Web(_)) || key == "password")
            {
                secrets.extend(decode(value).ok());
                secrets.push(value.to_owned());
            }
        }
        secrets.retain(|secret| 3 < secret.len());
        secrets
    }
}

impl Ask {
    /// Takes `table`, `query` and `param` out of the parameters of a URL; gives back the others,
    /// still encoded.
    #[expect(clippy::type_complexity, reason = "pairs of borrowed key and value, used twice")]
    fn of(parameters: &str) -> Result<(Self, Vec<(&str, &str)>), Fault> {
        let mut ask = Self::default();
        let mut others = Vec::new();
        for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match key {
                "table" => &mut ask.table,
                "query" => &mut ask.query,
                "param" => {
                    ask.params.push(decode(value)?);
                    continue;
                }
                _ => {
                    others.push((key, value));
                    continue;
                }
            };
            if slot.replace(decode(value)?).is_some() {
                let reason = format!("names `{key}` twice").into();
                return Err(Fault::BadAddress { part: "the address", reason });
            }
        }
        Ok((ask, others))
    }
}

/// Scheme and rest; a letter and a colon are a drive, not a scheme.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.chars();
    let valid = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (valid && 1 < scheme.len()).then_some((scheme, rest))
}

pub(super) fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

/// User and password of a URL, without the `@`.
pub(super) fn user_info(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("//")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map(|(user, _)| user)
}

/// User and password as somebody may have meant them, without the `@`: what should be written in another way, such as `/` and
/// `#`, may be in the password.
fn meant_user(url: &str) -> Option<&str> {
    let (scheme, rest) = split_scheme(url)?;
    if let Some(user) = user_info(url).filter(|_| is_web(scheme)) {
        return Some(user);
    }
    let place = rest.strip_prefix('/')?.trim_start_matches('/');
    let place = place.split('?').next().unwrap_or(place);
    let (user, _) = place.rsplit_once('@')?;
    let (_, behind) = user.split_once(':')?;
    // A host may have a port, and a path an `@`.
    let is_port = behind.split_once('/').is_some_and(|(port, _)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    (!is_port).then_some(user)
}

/// The URL with `***` in place of a password.
fn without_secrets(url: &str) -> String {
    match meant_user(url).and_then(|user| user.split_once(':').map(|(name, _)| (user, name))) {
        Some((user, name)) => url.replacen(&format!("{user}@"), &format!("{name}:***@"), 1),
        None => url.to_owned(),
    }
}

/// The address with `***` in the place of a password, and of what the web is asked: values may be keys. What is left is an
/// address of the same place, whose secrets have to be put in again.
pub fn without_passwords(address: &str) -> String {
    let Some((scheme, _)) = split_scheme(address) else { return address.to_owned() };
    let is_web = is_web(scheme);
    let is_database = ["postgres", "postgresql"].iter().any(|of| scheme.eq_ignore_ascii_case(of));
    // Behind a `#` nothing is sent.
    let address = address.split('#').next().filter(|_| is_web).unwrap_or(address);
    let Some((place, parameters)) = address.split_once('?') else {
        return without_secrets(address);
    };
    let is_password = |key: &str| decode(key).is_ok_and(|key| key.ends_with("password"));
    let shown = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if is_web || (is_database && is_password(key)) => format!("{key}=***"),
        None if is_web && !pair.is_empty() => "***".to_owned(),
        _ => pair.to_owned(),
    };
    let parameters: Vec<String> = parameters.split('&').map(shown).collect();
    format!("{}?{}", without_secrets(place), parameters.join("&"))
}

/// What an address that cannot be read is called: it may hold a password anywhere.
pub(super) fn called(address: &str) -> String {
    let place = address.split(['?', '#']).next().unwrap_or(address);
    match address.split_once("//") {
        Some(_) if user_info(place).is_some() => without_secrets(place),
        Some((scheme, _)) if address.contains('@') => format!("{scheme}//***"),
        _ => place.to_owned(),
    }
}

/// The host of a URL, with the port if one is written.
pub(super) fn host(url: &str) -> &str {
    let authority = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or(authority);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn is_web(scheme: &str) -> bool {
    ["http", "https"].iter().any(|of| scheme.eq_ignore_ascii_case(of))
}

/// Undoes percent-encoding. A `+` stays one, as paths and queries of databases have them.
pub(super) fn decode(text: &str) -> Result<String, Fault> {
    let bad = |reason: String| Fault::BadAddress { part: "the address", reason: reason.into() };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |at: usize| tail.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) => {
                bytes.push((16 * high + low) as u8);
                rest = &tail[2..];
            }
            _ => return Err(bad("has a `%` that two hexadecimal digits should follow".into())),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad("is not UTF-8 once `%` is decoded".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn passwords_that_are_written_wrongly_are_not_shown() {
        for (address, shown) in [
            ("postgres://ann:p/hunter2@h:1/db", "postgres://ann:***@h:1/db"),
            ("postgres://ann:p#hunter2@h/db", "postgres://ann:***@h/db"),
            ("postgres://h:5432/db", "postgres://h:5432/db"),
            ("http://ann:p/hunter2@h/a.csv", "http://ann:***@h/a.csv"),
            ("https://ann:hunter2@h/@x/a.csv", "https://ann:***@h/@x/a.csv"),
            ("https://h:8080/@x/a.csv", "https://h:8080/@x/a.csv"),
            ("http:/ann:hunter2@h/a.csv", "http:/ann:***@h/a.csv"),
            ("s3://k:hunter2@b/a.csv", "s3://k:***@b/a.csv"),
            ("a:b@c.csv", "a:b@c.csv"),
        ] {
            assert_eq!(without_passwords(address), shown);
            if let Ok(address) = Address::parse(address) {
                assert!(!address.shown().contains("hunter2"), "{}", address.shown());
            }
        }
    }

    #[test]
    fn paths_and_schemes_are_told_apart() {
        assert_eq!(parse("a/b.csv"), Address::Files("a/b.csv".into()));
        assert_eq!(parse("C:\\b.csv"), Address::Files("C:\\b.csv".into()));
        assert_eq!(parse("12:30.csv"), Address::Files("12:30.csv".into()));
        assert_eq!(parse("week:one.csv"), Address::Files("week:one.csv".into()));
        assert_eq!(parse("file:///a%20b/*.csv"), Address::Files("/a b/*.csv".into()));
        assert_eq!(parse("-"), Address::Standard);
        assert_eq!(parse("s3://b/*.parquet"), Address::Objects("s3://b/*.parquet".into()));
        assert_eq!(parse("HTTPS://h/a.csv"), Address::Web("HTTPS://h/a.csv".into()));
        let error = Address::parse("postgers://h/d").unwrap_err().to_string();
        assert_eq!(error, "there is no kind of source `postgers:`; did you mean `postgres`?");
        assert!(Address::parse("").is_err());
    }

    #[test]
    fn a_database_is_told_what_to_do_by_parameters() {
        let ask = Ask { table: Some("a b".into()), ..Ask::default() };
        let path = "x.db".to_owned();
        assert_eq!(parse("sqlite:x.db?table=a%20b"), Address::Sqlite { path: path.clone(), ask });
        assert_eq!(parse("x.db"), Address::Sqlite { path: path.clone(), ask: Ask::default() });
        let query = Some("SELECT 1+1 WHERE ? < 2".to_owned());
        let ask = Ask { query, params: vec!["1".into(), "&".into()], ..Ask::default() };
        assert_eq!(
            parse("sqlite://x.db?query=SELECT 1+1 WHERE ? < 2&param=1&param=%26"),
            Address::Sqlite { path, ask }
        );
        assert!(Address::parse("sqlite:x.db?table=a&table=b").is_err());
        assert!(Address::parse("sqlite:x.db?tabel=a").is_err());
        assert!(Address::parse("sqlite:").is_err());
        assert!(Address::parse("sqlite:a%zz").is_err());
        assert!(Address::parse("sqlite:a%ff").is_err());
        let Address::Postgres { url, ask } =
            parse("postgres://u:p@h/d?connect_timeout=3&table=t&sslmode=disable")
        else {
            panic!()
        };
        assert_eq!(url, "postgresql://u:p@h/d?connect_timeout=3&sslmode=disable");
        assert_eq!(ask.table.as_deref(), Some("t"));
    }

    #[test]
    fn addresses_without_passwords_are_of_the_same_place() {
        for (text, shown) in [
            ("postgres://ann:hunter@h:5/d?table=t", "postgres://ann:***@h:5/d?table=t"),
            (
                "postgres://ann@h/d?query=SELECT ?&pass%77ord=hunter",
                "postgres://ann@h/d?query=SELECT ?&pass%77ord=***",
            ),
            (
                "HTTPS://ann:hunter@h/a.csv?b=hunter&hunter#hunter",
                "HTTPS://ann:***@h/a.csv?b=***&***",
            ),
            ("https://h/a.csv", "https://h/a.csv"),
            ("s3://b/a#1?.csv", "s3://b/a#1?.csv"),
            ("sqlite:a.db?table=password", "sqlite:a.db?table=password"),
            ("a?b=c.csv", "a?b=c.csv"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
        for (text, name) in [
            ("https://ann:hunter@h/a.csv?b=hunter", "https://ann:***@h/a.csv"),
            ("postgers://ann:hun?ter@h/d", "postgers://***"),
            ("postgers://ann:hun/ter@h/d", "postgers://***"),
            ("sqlite:a.db?query=SELECT 'hunter'", "sqlite:a.db"),
            ("a@b.csv", "a@b.csv"),
        ] {
            assert_eq!(called(text), name);
        }
    }

    #[test]
    fn hosts_are_those_that_are_asked() {
        for (url, of) in [
            ("https://ann:s@crt@h:8/a@b.csv", "h:8"),
            ("http://h?a=//b/", "h"),
            ("HTTP://[::1]:80/a", "[::1]:80"),
        ] {
            assert_eq!(host(url), of);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            (
                "postgres://ann:s%40crt@h:5/d?table=t&password=hunter",
                "postgresql://ann:***@h:5/d?table=t",
            ),
            ("postgres://h/d?query=SELECT 'hunter'", "postgresql://h/d"),
            ("https://ann:s%40crt@h/a.csv?token=hunter#x", "https://ann:***@h/a.csv?…"),
            ("https://h/a@b:c.csv", "https://h/a@b:c.csv"),
            ("sqlite:a.db?query=SELECT 'hunter'", "sqlite:a.db"),
        ] {
            assert_eq!(parse(text).shown(), shown);
        }
        let secrets = parse("https://ann:s%40crt@h/a.csv?token=hunter").secrets();
        assert_eq!(secrets, ["s@crt", "s%40crt", "hunter", "hunter"]);
        let secrets = parse("postgres://ann:longer@h/d?password=hunter").secrets();
        assert!(secrets.contains(&"hunter".to_owned()) && secrets.contains(&"longer".to_owned()));
    }
}
