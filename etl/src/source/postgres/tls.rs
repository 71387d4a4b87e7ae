//! Encryption of what passes between here and the server.

use std::path::Path;
use std::sync::Arc;

use postgres::config::SslMode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::source::address::{decode, split_query};
use crate::source::error::Fault;

/// Whether and how a connection is encrypted.
pub(super) struct Encryption {
    pub(super) mode: SslMode,
    pub(super) connector: MakeRustlsConnect,
}

impl Encryption {
    /// Takes `sslmode` and `sslrootcert` out of the parameters of `url`.
    ///
    /// Encryption that proves nothing of the server is none: `require` asks for a certificate of the
    /// host's name that the system trusts, or the file in `sslrootcert`. Without it nothing is encrypted.
    pub(super) fn of(url: &str, may_read_files: bool) -> Result<(Self, String), Fault> {
        let (server, parameters) = split_query(url);
        let (mut mode, mut file, mut others) = (SslMode::Disable, None, String::new());
        for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => {
                    mode = match value {
                        "disable" | "allow" | "prefer" => SslMode::Disable,
                        "require" | "verify-ca" | "verify-full" => SslMode::Require,
                        _ => return Err(bad("`sslmode`", "is neither `disable` nor `require`")),
                    }
                }
                Some(("sslrootcert", value)) => {
                    if !may_read_files {
                        return Err(bad("`sslrootcert`", "is a file, and those are not allowed"));
                    }
                    file = Some(decode(value)?);
                }
                _ => {
                    others.push(if others.is_empty() { '?' } else { '&' });
                    others.push_str(pair);
                }
            }
        }
        let roots = match mode {
            SslMode::Require => roots(file.as_deref().map(Path::new))?,
            _ => RootCertStore::empty(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::Connection { message: error.to_string().into() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let encryption = Self { mode, connector: MakeRustlsConnect::new(config) };
        Ok((encryption, format!("{server}{others}")))
    }
}

fn bad(part: &'static str, reason: &str) -> Fault {
    Fault::BadAddress { part, reason: reason.into() }
}

/// The certificates that are trusted.
fn roots(file: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return match roots.is_empty() {
            true => Err(bad("`sslmode`", "asks for TLS, but the system trusts no certificate")),
            false => Ok(roots),
        };
    };
    let unread = |error: &dyn std::fmt::Display| bad("`sslrootcert`", &format!("is {error}"));
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))? {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
    }
    match roots.is_empty() {
        true => Err(bad("`sslrootcert`", "names a file without certificates")),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_say_whether_to_encrypt() {
        let mode = |parameters: &str| {
            Encryption::of(&format!("postgresql://h/d?{parameters}"), true)
                .map(|(encryption, url)| (encryption.mode, url))
        };
        let plain = |url: &str| (SslMode::Disable, url.to_owned());
        assert_eq!(mode("a=b&sslmode=disable&c=d").unwrap(), plain("postgresql://h/d?a=b&c=d"));
        assert_eq!(mode("").unwrap(), plain("postgresql://h/d"));
        assert_eq!(mode("sslmode=prefer").unwrap(), plain("postgresql://h/d"));
        let error = mode("sslmode=yes").unwrap_err().to_string();
        assert_eq!(error, "`sslmode` is neither `disable` nor `require`");
        let error = mode("sslmode=require&sslrootcert=no%20such.pem").unwrap_err().to_string();
        assert!(error.starts_with("`sslrootcert` is "), "{error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = format!("sslmode=require&sslrootcert={}", file.path().display());
        assert!(mode(&empty).unwrap_err().to_string().contains("without certificates"));
        assert!(Encryption::of(&format!("postgresql://h/d?{empty}"), false).is_err());
    }
}
