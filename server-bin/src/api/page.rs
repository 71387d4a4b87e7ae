//! Pages: the viewer, and the description of the interface for people.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use graphlume::viewer::page;
use ring::digest;
use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

/// A file of the program.
#[derive(Debug, Clone, Copy)]
struct Asset {
    kind: &'static str,
    text: &'static str,
}

const VIEWER: Asset = Asset { kind: "text/html; charset=utf-8", text: page::DOCUMENT };
const SCRIPT: Asset = Asset { kind: "text/javascript; charset=utf-8", text: page::SCRIPT };
const PAGES: Asset = Asset { kind: "text/javascript; charset=utf-8", text: page::PAGES };
const STYLES: Asset = Asset { kind: "text/css; charset=utf-8", text: page::STYLES };
/// The viewer's document where its files are a folder above.
static VIEWER_BELOW: LazyLock<String> =
    LazyLock::new(|| page::DOCUMENT.replace("\"graphlume.", "\"../graphlume."));
const CASES: Asset = Asset { kind: "text/html; charset=utf-8", text: page::CASES_DOCUMENT };
const CASES_SCRIPT: Asset =
    Asset { kind: "text/javascript; charset=utf-8", text: page::CASES_SCRIPT };
const CASES_STYLES: Asset = Asset { kind: "text/css; charset=utf-8", text: page::CASES_STYLES };
const API: Asset =
    Asset { kind: "text/html; charset=utf-8", text: include_str!("../page/api.html") };
const API_SCRIPT: Asset =
    Asset { kind: "text/javascript; charset=utf-8", text: include_str!("../page/api.js") };
const API_STYLES: Asset =
    Asset { kind: "text/css; charset=utf-8", text: include_str!("../page/api.css") };

pub(crate) fn router() -> OpenApiRouter<Server> {
    let below = Asset { text: &VIEWER_BELOW, ..VIEWER };
    let pages = [
        ("/", VIEWER),
        ("/account", VIEWER),
        ("/datasets", VIEWER),
        ("/methods", VIEWER),
        ("/experiments", VIEWER),
        ("/experiments/{name}", below),
        ("/leaderboard", VIEWER),
        ("/graphlume.js", SCRIPT),
        ("/pages.js", PAGES),
        ("/graphlume.css", STYLES),
        // Where PyGraphistry sends people.
        ("/graph/graph.html", VIEWER),
        ("/graph/graphlume.js", SCRIPT),
        ("/graph/pages.js", PAGES),
        ("/graph/graphlume.css", STYLES),
        ("/case/", CASES),
        ("/case/{id}", CASES),
        ("/case/cases.js", CASES_SCRIPT),
        ("/case/cases.css", CASES_STYLES),
        ("/api/", API),
        ("/api/api.js", API_SCRIPT),
        ("/api/api.css", API_STYLES),
    ];
    let mut router = Router::new();
    for (path, asset) in pages {
        router = router
            .route(path, get(move |headers: HeaderMap| async move { asset.answer(&headers) }));
    }
    router.route("/api", get(|| async { Redirect::permanent("/api/") })).into()
}

impl Asset {
    /// The file, unless the browser has it.
    fn answer(self, headers: &HeaderMap) -> Response {
        let tag = self.tag();
        if headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|known| known.as_bytes() == tag.as_bytes())
        {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let mut response = ([(header::CONTENT_TYPE, self.kind)], self.text).into_response();
        // Another version of the program may be at this address tomorrow.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }

    fn tag(self) -> String {
        let digest = digest::digest(&digest::SHA256, self.text.as_bytes());
        let start = digest.as_ref().first_chunk().map_or(0, |&start| u64::from_be_bytes(start));
        format!("\"{start:016x}\"")
    }
}
