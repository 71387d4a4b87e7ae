//! Accounts: signing in, users, organizations, keys.

use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
}
