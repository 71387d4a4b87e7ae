//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The address at the other end of the connection; none where the server is called without one, as in tests.
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
    fn neighbors_in_a_network_of_ipv6_are_one() {
        let key = |ip: &str| Peer(Some(ip.parse().unwrap())).key();
        assert_eq!(key("2001:db8::1"), key("2001:db8::2:3"));
        assert_ne!(key("2001:db8::1"), key("2001:db9::1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
        assert_eq!(key("10.0.0.1"), key("::ffff:10.0.0.1"));
    }
}
