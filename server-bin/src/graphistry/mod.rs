//! The addresses that PyGraphistry and other clients of Graphistry know.

use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

/// Sign-ins by way of a browser that are under way.
#[derive(Debug, Default)]
pub(crate) struct SignIns {}

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
}
