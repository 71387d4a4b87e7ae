//! Transforms, analytics and queries. Nothing that a request says reads the server's disk or its network.

mod analytics;
mod computing;
mod outcome;
mod reshape;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::computing::Computations;
use crate::server::Server;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(analytics::measures))
        .routes(routes!(analytics::analytics))
        .routes(routes!(computing::start))
        .routes(routes!(computing::status, computing::stop))
        .routes(routes!(reshape::query))
        .routes(routes!(reshape::transform))
        .routes(routes!(reshape::filter))
        .routes(routes!(reshape::hypergraph))
        .routes(routes!(reshape::hypergraph_of_file))
}
