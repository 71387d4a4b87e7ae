//! Options of object stores.

use polars::io::cloud::{AmazonS3ConfigKey, AzureConfigKey, CloudOptions, GoogleConfigKey};
use polars::prelude::CloudScheme;

use crate::error::nearest;
use crate::source::Secrets;
use crate::{Error, Result};

/// The options that are asked for most, for hints.
const USUAL: [&str; 20] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region",
    "aws_endpoint_url",
    "aws_skip_signature",
    "aws_virtual_hosted_style_request",
    "azure_storage_account_name",
    "azure_storage_account_key",
    "azure_storage_sas_key",
    "azure_storage_client_id",
    "azure_storage_client_secret",
    "azure_storage_tenant_id",
    "azure_storage_endpoint",
    "azure_skip_signature",
    "google_service_account",
    "google_service_account_key",
    "google_application_credentials",
    "google_skip_signature",
    "allow_http",
];

/// What the engine is told of the store that `path` is in; `None` if it is in none. Of other stores' options it takes none.
///
/// # Errors
///
/// - [`Error::Unknown`] for an option that no store has, which the engine would not heed;
/// - [`Error::Engine`] if the engine has no such store.
pub(super) fn options(path: &str, store: &Secrets) -> Result<Option<CloudOptions>> {
    let Some(scheme) = CloudScheme::from_path(path) else { return Ok(None) };
    // As the engine reads them.
    if let Some(name) = store.names().find(|name| !is_known(&name.to_ascii_lowercase())) {
        let kind = "option of object stores";
        return Err(Error::Unknown { kind, name: name.into(), nearest: nearest(name, USUAL) });
    }
    CloudOptions::from_untyped_config(Some(scheme), store.pairs())
        .map(Some)
        .map_err(|error| Error::engine("reaching a store", &error))
}

fn is_known(name: &str) -> bool {
    name.parse::<AmazonS3ConfigKey>().is_ok()
        || name.parse::<AzureConfigKey>().is_ok()
        || name.parse::<GoogleConfigKey>().is_ok()
}
