//! A server that speaks TLS, and the authority that signs for it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use fetch::Fetcher;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::support::{noon, settings};

/// The name that good certificates are made out to.
pub(crate) const HOST: &str = "feeds.localhost";

/// Someone who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    /// A fetcher on loopback that trusts it.
    pub(crate) fn fetcher(&self) -> Fetcher {
        Fetcher::trusting(settings(), noon(), self.0.der()).unwrap()
    }

    /// A certificate for `host`, as `adjust` makes it.
    pub(crate) fn certificate(&self, host: &str, adjust: impl FnOnce(&mut CertificateParams)) -> Identity {
        let (mut params, key) = (CertificateParams::new([host.to_owned()]).unwrap(), key());
        adjust(&mut params);
        let signed = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: signed.der().clone(), key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// Who a server says it is.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// How a server speaks TLS.
#[derive(Clone, Copy)]
pub(crate) struct Speech<'a> {
    pub(crate) protocols: &'a [&'a str],
    pub(crate) only_tls_1_2: bool,
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) version: Version,
    pub(crate) tls: rustls::ProtocolVersion,
    pub(crate) connection: usize,
    pub(crate) if_none_match: Option<Vec<u8>>,
}

/// A server that answers 200 with an `ETag`, or 304 to whoever knows it; dropping it ends it.
pub(crate) struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    _task: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(identity: Identity, speech: Speech<'_>) -> Self {
        let versions: &[_] = if speech.only_tls_1_2 { &[&TLS12] } else { &[&TLS13, &TLS12] };
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate], identity.key)
            .unwrap();
        config.alpn_protocols = speech.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::default());
        let (mut task, acceptor) = (JoinSet::new(), TlsAcceptor::from(Arc::new(config)));
        task.spawn(accept(listener, acceptor, Arc::clone(&heard)));
        Self { address, heard, _task: task }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/feed.xml", self.address.port())
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, heard: Arc<Mutex<Vec<Heard>>>) {
    let mut connections = JoinSet::new();
    for connection in 1.. {
        let (socket, _) = listener.accept().await.unwrap();
        connections.spawn(serve(socket, acceptor.clone(), connection, Arc::clone(&heard)));
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, connection: usize, heard: Arc<Mutex<Vec<Heard>>>) {
    // Whoever refuses the certificate ends the connection here.
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let (_, session) = stream.get_ref();
    let (h2, tls) = (session.alpn_protocol() == Some(b"h2"), session.protocol_version().unwrap());
    let answer = service_fn(move |request: Request<Incoming>| {
        let if_none_match = request.headers().get("if-none-match").map(|value| value.as_bytes().to_vec());
        let known = if_none_match.as_deref() == Some(b"W/\"one\"");
        heard.lock().unwrap().push(Heard { version: request.version(), tls, connection, if_none_match });
        let answer = Response::builder().status(if known { 304 } else { 200 }).header("etag", "W/\"one\"");
        let body = if known { Bytes::new() } else { Bytes::from_static(b"<rss/>") };
        async move { answer.body(Full::new(body)) }
    });
    let io = TokioIo::new(stream);
    // However it ends, what was heard was heard.
    drop(if h2 {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, answer).await
    } else {
        hyper::server::conn::http1::Builder::new().serve_connection(io, answer).await
    });
}
