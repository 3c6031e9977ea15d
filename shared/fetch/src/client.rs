//! The one HTTP client: rustls with the web's roots, no proxy, no cookies, no redirects of its own, the guarded resolver.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;

use crate::error::SettingsError;
use crate::resolver::Guarded;

/// Idle connections are kept this long: a redirect, a robots file or the next feed of the same host comes soon or not at all.
const IDLE: Duration = Duration::from_secs(30);

/// More headers than this are no honest answer.
const MAX_HEADERS: usize = 200;

/// A client that trusts the web's roots, and `authority` (DER) besides.
pub(crate) fn build(resolver: Guarded, authority: Option<&[u8]>) -> Result<reqwest::Client, SettingsError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls(authority).map_err(|e| SettingsError::Client(e.into()))?)
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // Bodies are decompressed in `body`, where their size on the wire is seen too.
        .no_gzip()
        .no_brotli()
        // One call is one request; trying again is decided elsewhere.
        .retry(reqwest::retry::never())
        .pool_idle_timeout(IDLE)
        // A host is asked by one request at a time.
        .pool_max_idle_per_host(1)
        .http1_max_headers(MAX_HEADERS)
        // Real servers send them, and every browser looks past them.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .build()
        .map_err(|e| SettingsError::Client(e.into()))
}

fn tls(authority: Option<&[u8]>) -> Result<rustls::ClientConfig, rustls::Error> {
    let mut provider = aws_lc_rs::default_provider();
    // X25519 first: its key share is small and every server takes it, so that no handshake needs a second round or a second packet.
    provider.kx_groups =
        vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1, aws_lc_rs::kx_group::SECP384R1];
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(authority) = authority {
        roots.add(CertificateDer::from(authority))?;
    }
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
