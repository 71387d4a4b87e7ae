//! Certificates by ACME (RFC 8555): asked for, kept in a folder, and renewed while the server runs.
//!
//! That a name is ours is proved in a handshake at the port of HTTPS itself, TLS-ALPN-01 (RFC 8737): no other port is
//! needed, and no page.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType,
    HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;

use crate::auth::fingerprint;
use crate::client::agent;
use crate::config::Acme;

/// The protocol in which an authority asks for a proof.
const PROOF: &[u8] = b"acme-tls/1";

/// How long a request to the authority may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the authority may take for proofs, and for a certificate.
const RETRIES: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(3));

/// The wait after a first failure. Four times as long after each further one: an authority counts them, by the hour.
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// How long to sleep at a time, since clocks may be set.
const NAP: Duration = Duration::from_hours(1);

/// Largest answer of an authority, in bytes.
const LARGEST: usize = 1 << 20;

/// Gets certificates, and renews them.
#[derive(Debug)]
pub(crate) struct Issuer {
    options: Acme,
    certificates: Arc<Certificates>,
    /// When the certificate is to be renewed; `None` without one.
    due: Option<SystemTime>,
}

/// What handshakes are answered with.
#[derive(Debug, Default)]
struct Certificates {
    current: RwLock<Option<Arc<CertifiedKey>>>,
    /// Proofs by name, while an authority may ask for them.
    proofs: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks_for_proof = hello.alpn().is_some_and(|names| names.eq([PROOF]));
        if asks_for_proof {
            let proofs = self.proofs.read().unwrap_or_else(PoisonError::into_inner);
            return proofs.get(&hello.server_name()?.to_ascii_lowercase()).cloned();
        }
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Certificates {
    fn use_from_now(&self, certificate: CertifiedKey) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certificate));
    }

    fn prove(&self, name: &str, proof: CertifiedKey) {
        let mut proofs = self.proofs.write().unwrap_or_else(PoisonError::into_inner);
        proofs.insert(name.to_ascii_lowercase(), Arc::new(proof));
    }

    fn forget_proofs(&self) {
        self.proofs.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Issuer {
    /// Finds the certificate that is kept, if there is one.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made or read. A certificate that is no good is as none.
    pub(crate) fn open(options: &Acme) -> anyhow::Result<Self> {
        let name = || options.cache.display().to_string();
        std::fs::create_dir_all(&options.cache).with_context(name)?;
        let mut issuer = Self { options: options.clone(), certificates: Arc::default(), due: None };
        let path = issuer.certificate_path();
        match std::fs::read_to_string(&path) {
            Ok(pem) => {
                if let Err(error) = issuer.take(&pem) {
                    tracing::warn!("{}: {error:#}; another is asked for", path.display());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        }
        Ok(issuer)
    }

    /// What connections are answered with, now and after each renewal.
    pub(crate) fn tls(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?;
        let certificates: Arc<dyn ResolvesServerCert> = self.certificates.clone();
        let mut config = builder.with_no_client_auth().with_cert_resolver(certificates);
        config.alpn_protocols = [b"h2".as_slice(), b"http/1.1", PROOF].map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }

    /// Asks for a certificate whenever one is due, for as long as the server runs.
    pub(crate) async fn run(mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            let left =
                self.due.map(|due| due.duration_since(SystemTime::now()).unwrap_or_default());
            if let Some(left) = left
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(NAP)).await;
                continue;
            }
            let names = self.options.domains.join(", ");
            match self.renew().await {
                Ok(()) => {
                    wait = FIRST_WAIT;
                    tracing::info!("there is a certificate for {names}");
                    if self.due.is_some_and(|due| due <= SystemTime::now()) {
                        tracing::warn!("it is due at once: is the clock of this machine right?");
                        tokio::time::sleep(wait).await;
                    }
                }
                Err(error) => {
                    tracing::error!(
                        "certificate for {names}: {error:#}; next try in {} s",
                        wait.as_secs()
                    );
                    tokio::time::sleep(wait).await;
                    wait = (4 * wait).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Gets a certificate, keeps it and uses it.
    async fn renew(&mut self) -> anyhow::Result<()> {
        let answer = self.order().await;
        self.certificates.forget_proofs();
        let pem = answer?;
        self.take(&pem)?;
        // It is used already: what is lost, if it cannot be kept, is one more order after the next start.
        let path = self.certificate_path();
        while let Err(error) = write_secret(&path, pem.as_bytes()) {
            tracing::error!(
                "{}: {error:#}; next try in {} s",
                path.display(),
                FIRST_WAIT.as_secs()
            );
            tokio::time::sleep(FIRST_WAIT).await;
        }
        Ok(())
    }

    /// Uses a key and its chain from now on.
    fn take(&mut self, pem: &str) -> anyhow::Result<()> {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.context("the certificate")?;
        let first = chain.first().context("there is no certificate")?;
        let due = due(first)?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).context("the private key")?;
        let certificate = CertifiedKey::from_der(chain, key, &default_provider())?;
        self.certificates.use_from_now(certificate);
        self.due = Some(due);
        Ok(())
    }

    /// A new certificate: its private key and its chain, in PEM.
    async fn order(&self) -> anyhow::Result<String> {
        let account = self.account().await.context("the account")?;
        let names: Vec<Identifier> =
            self.options.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await.context("the order")?;
        let provider = default_provider();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.context("the proof")?;
            let name = authorization.identifier().to_string();
            match authorization.status {
                AuthorizationStatus::Pending => {}
                AuthorizationStatus::Valid => continue,
                status => bail!("the proof for {name} is {status:?}"),
            }
            let mut challenge =
                authorization.challenge(ChallengeType::TlsAlpn01).with_context(|| {
                    format!("the authority takes no proof by TLS-ALPN-01 for {name}")
                })?;
            let digest = challenge.key_authorization().digest();
            self.certificates.prove(&name, proof(&name, digest.as_ref(), &provider)?);
            challenge.set_ready().await.with_context(|| format!("the proof for {name}"))?;
        }
        let status = order.poll_ready(&RETRIES).await.context("the proofs")?;
        if status != OrderStatus::Ready {
            bail!("the authority refuses: {}", refusal(&mut order).await);
        }
        let key = order.finalize().await.context("the request")?;
        let chain = order.poll_certificate(&RETRIES).await.context("the certificate")?;
        Ok(format!("{key}{chain}"))
    }

    /// The account at the authority: the one that is kept, or a new one.
    async fn account(&self) -> anyhow::Result<Account> {
        let Acme { directory, contact, cache, roots, .. } = &self.options;
        let roots = roots.clone();
        let agent =
            tokio::task::spawn_blocking(move || agent(roots.as_deref(), PATIENCE)).await??;
        let builder = Account::builder_with_http(Box::new(Http(agent)));
        let path = cache.join(format!("account-{}.json", short(directory)));
        if path.exists() {
            let name = || path.display().to_string();
            let text = std::fs::read(&path).with_context(name)?;
            let credentials: AccountCredentials =
                serde_json::from_slice(&text).with_context(name)?;
            return Ok(builder.from_credentials(credentials).await?);
        }
        let contact: Vec<String> = contact.iter().map(|mail| format!("mailto:{mail}")).collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contact,
            // The options are refused without.
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
        write_secret(&path, &serde_json::to_vec(&credentials)?)?;
        Ok(account)
    }

    /// Where the certificate is kept: of other names, or of another authority, it is another file.
    fn certificate_path(&self) -> PathBuf {
        let mut domains = self.options.domains.clone();
        domains.sort();
        let of = short(&format!("{} {}", self.options.directory, domains.join(" ")));
        self.options.cache.join(format!("certificate-{of}.pem"))
    }
}

/// A part of a name of a file that is another for another text.
fn short(text: &str) -> String {
    fingerprint(text)[..16].to_owned()
}

/// When a certificate is to be renewed: in the last third of its time.
fn due(certificate: &[u8]) -> anyhow::Result<SystemTime> {
    let certificate = x509_cert::Certificate::from_der(certificate).context("the certificate")?;
    let validity = certificate.tbs_certificate.validity;
    let [begin, end] =
        [validity.not_before, validity.not_after].map(|time| time.to_unix_duration());
    let lifetime = end.checked_sub(begin).context("the certificate ends before it begins")?;
    Ok(SystemTime::UNIX_EPOCH + begin + lifetime / 3 * 2)
}

/// The certificate that shows an authority that a name is ours.
fn proof(name: &str, digest: &[u8], provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    ensure!(digest.len() == 32, "a digest of {} bytes is none of SHA-256", digest.len());
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions.push(CustomExtension::new_acme_identifier(digest));
    let key = KeyPair::generate()?;
    let chain = vec![params.self_signed(&key)?.der().clone()];
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    // Unchecked: what checks it does not know the extension that makes it a proof.
    Ok(CertifiedKey::new(chain, provider.key_provider.load_private_key(key.into())?))
}

/// Why an order was refused, as the authority says.
async fn refusal(order: &mut Order) -> String {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let Ok(mut authorization) = authorization else { continue };
        let name = authorization.identifier().to_string();
        // What was asked before is not what it is now.
        let Ok(state) = authorization.refresh().await else { continue };
        let errors = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(errors.map(|error| format!("{name}: {error}")));
    }
    if reasons.is_empty() { "it gives no reason".to_owned() } else { reasons.join("; ") }
}

/// Writes a file whole that only its owner may read.
fn write_secret(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = || path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(name)?;
    file.write_all(content).with_context(name)?;
    file.as_file().sync_all().with_context(name)?;
    file.persist(path).with_context(name)?;
    Ok(())
}

/// The client of the authority.
#[derive(Debug)]
struct Http(ureq::Agent);

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let agent = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(Body::new(body), LARGEST).await.map_err(other)?;
            let send = move || -> Result<Response<Vec<u8>>, ureq::Error> {
                let mut answer = agent.run(Request::from_parts(parts, &body[..]))?;
                let body = answer.body_mut().with_config().limit(LARGEST as u64).read_to_vec()?;
                Ok(answer.map(|_| body))
            };
            let answer = tokio::task::spawn_blocking(send).await.map_err(other)?.map_err(other)?;
            let (parts, body) = answer.into_parts();
            Ok(BytesResponse { parts, body: Box::new(Bytes::from(body)) })
        })
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> instant_acme::Error {
    instant_acme::Error::Other(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path, domains: &[&str]) -> Acme {
        Acme {
            domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
            contact: Vec::new(),
            directory: "https://ca.example/dir".to_owned(),
            cache: folder.to_owned(),
            roots: None,
        }
    }

    /// A key and its own certificate, from 1 January 2026 to 1 April.
    fn pem() -> String {
        let mut params = CertificateParams::new(["graphs.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = KeyPair::generate().unwrap();
        format!("{}{}", key.serialize_pem(), params.self_signed(&key).unwrap().pem())
    }

    #[test]
    fn a_certificate_is_kept_for_its_names_and_renewed_in_its_last_third() {
        let folder = tempfile::tempdir().unwrap();
        let first = Issuer::open(&options(folder.path(), &["a.example", "b.example"])).unwrap();
        assert_eq!(first.due, None);
        write_secret(&first.certificate_path(), pem().as_bytes()).unwrap();
        let again = Issuer::open(&options(folder.path(), &["b.example", "a.example"])).unwrap();
        // 60 of 90 days after 1 January, which is day 20454 of Unix.
        let due = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * (20_454 + 60));
        assert_eq!(again.due, Some(due));
        assert!(again.certificates.current.read().unwrap().is_some());
        let other = Issuer::open(&options(folder.path(), &["a.example"])).unwrap();
        assert_eq!(other.due, None, "of other names it is another");
    }

    #[test]
    fn what_is_kept_and_no_good_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), &["a.example"]);
        let path = Issuer::open(&options).unwrap().certificate_path();
        let (one, two) = (pem(), pem());
        let key = &one[..one.find("-----BEGIN CERTIFICATE").unwrap()];
        let chain = &two[two.find("-----BEGIN CERTIFICATE").unwrap()..];
        for bad in ["", "x", key, &format!("{key}{chain}")] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(Issuer::open(&options).unwrap().due, None, "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_secret(&path, b"secret").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
