//! Answers on their way: compressed, unless they stay on this machine.

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::auth::Peer;

/// On an answer: whoever asked is at this machine, where compressing takes longer than sending.
#[derive(Debug, Clone, Copy)]
struct Near;

/// Notes on answers whether they stay on this machine; [`layer`] reads it, and stands around this.
pub(super) async fn note(peer: Peer, request: Request, next: Next) -> Response {
    let is_near = is_near(peer, request.headers());
    let mut response = next.run(request).await;
    if is_near {
        response.extensions_mut().insert(Near);
    }
    response
}

/// Whether an answer stays on this machine: the connection is from here, and no proxy says that it hands on what
/// somebody elsewhere asked.
fn is_near(peer: Peer, headers: &HeaderMap) -> bool {
    let is_handed_on =
        ["forwarded", "via", "x-forwarded-for"].iter().any(|name| headers.contains_key(*name));
    peer.0.is_some_and(|ip| ip.to_canonical().is_loopback()) && !is_handed_on
}

/// Compresses what is large and not compressed yet, at the level that takes least: a scene of millions of edges is
/// waited for.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    let is_far = |_: StatusCode, _: Version, _: &HeaderMap, noted: &Extensions| {
        noted.get::<Near>().is_none()
    };
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(
        SizeAbove::new(1024)
            .and(NotForContentType::IMAGES)
            .and(NotForContentType::const_new("application/vnd.apache.parquet"))
            .and(NotForContentType::const_new("application/zip"))
            .and(is_far),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn answers_by_way_of_a_proxy_go_elsewhere() {
        let peer = |ip: &str| Peer(Some(ip.parse().unwrap()));
        let plain = HeaderMap::new();
        for ip in ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(is_near(peer(ip), &plain), "{ip}");
            for name in ["via", "forwarded", "x-forwarded-for"] {
                let name = HeaderName::from_static(name);
                let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("a"))]);
                assert!(!is_near(peer(ip), &headers), "{ip}");
            }
        }
        assert!(!is_near(peer("192.168.0.7"), &plain) && !is_near(Peer(None), &plain));
    }
}
