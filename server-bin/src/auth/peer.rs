//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;

use crate::server::Server;

/// An address, or all that begin with the same bits, as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn contains(&self, other: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| {
            let rest = width - self.bits;
            // A shift by all bits of a number is none.
            a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no address such as 10.0.0.1 and no network such as 10.0.0.0/8");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
        let width = if address.is_ipv4() { 32 } else { 128 };
        match bits.unwrap_or(width) {
            bits if bits <= width => Ok(Self { address, bits }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Who a trusted proxy at `peer` says that it works for; nobody else is believed.
///
/// Each proxy puts the address that it sees behind those that it was told. So the last one that is no trusted proxy's is the
/// client's, and what is before it is what the client wrote.
fn client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    if !is_trusted(peer) {
        return None;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let words = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(','));
    for word in words.map(str::trim) {
        let with_port = || word.parse::<SocketAddr>().map(|address| address.ip());
        // What is no address is nobody's, and what is before it may be anybody's.
        let ip = word.parse::<IpAddr>().or_else(|_| with_port()).ok()?.to_canonical();
        if !is_trusted(ip) {
            return Some(ip);
        }
    }
    None
}

/// Puts the client's address in the place of that of a trusted proxy.
pub(crate) async fn behind_proxies(
    State(server): State<Server>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Some(peer) = peer
        && let Some(ip) = client(&server.config.trusted_proxies, peer, request.headers())
    {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip, 0)));
    }
    next.run(request).await
}

/// The address of the client: the other end of the connection, or who a trusted proxy there says that it works for; none where
/// the server is called without one, as in tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl Peer {
    /// What failures are counted by: an address, or of IPv6 the network of 64 bits that one customer has.
    pub(crate) fn key(self) -> String {
        match self.0.map(|ip| ip.to_canonical()) {
            None => "from nowhere".to_owned(),
            Some(IpAddr::V4(ip)) => format!("from {ip}"),
            Some(IpAddr::V6(ip)) => format!("from {:x?}", &ip.segments()[..4]),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(address)| address.ip())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_who_the_client_is() {
        let trusted: Vec<Network> =
            ["10.0.0.0/8", "2001:db8::7"].map(|text| text.parse().unwrap()).to_vec();
        let client = |peer: &str, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", (*line).parse().unwrap());
            }
            client(&trusted, peer.parse().unwrap(), &headers).map(|ip| ip.to_string())
        };
        let some = |ip: &str| Some(ip.to_owned());
        assert_eq!(client("10.1.2.3", &["192.0.2.1"]), some("192.0.2.1"));
        assert_eq!(client("::ffff:10.1.2.3", &["192.0.2.1:4711"]), some("192.0.2.1"));
        assert_eq!(client("2001:db8::7", &["192.0.2.9, 192.0.2.1, 10.0.0.4"]), some("192.0.2.1"));
        assert_eq!(client("10.1.2.3", &["192.0.2.9", "192.0.2.1"]), some("192.0.2.1"));
        assert_eq!(client("11.1.2.3", &["192.0.2.1"]), None);
        assert_eq!(client("10.1.2.3", &["192.0.2.1, anybody"]), None);
        assert_eq!(client("10.1.2.3", &[]), None);
        for text in ["10.0.0.0/33", "10.0.0", "2001:db8::/129", "host", "10.0.0.0/x"] {
            assert!(text.parse::<Network>().unwrap_err().contains(text));
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.5".parse().unwrap()));
    }

    #[test]
    fn neighbors_in_a_network_of_ipv6_are_one() {
        let key = |ip: &str| Peer(Some(ip.parse().unwrap())).key();
        assert_eq!(key("2001:db8::1"), key("2001:db8::2:3"));
        assert_ne!(key("2001:db8::1"), key("2001:db9::1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
        assert_eq!(key("10.0.0.1"), key("::ffff:10.0.0.1"));
    }
}
