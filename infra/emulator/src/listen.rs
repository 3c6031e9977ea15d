//! A loopback listener, and one way to serve on it.

use crate::StartError;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Connections that may wait to be accepted: a whole test suite, or a burst of the platform's pump.
const BACKLOG: u32 = 1_024;

/// Listens on 127.0.0.1. Accepted connections inherit `TCP_NODELAY` from the listener on Linux and the BSDs, also those
/// of a server that does not set it.
pub(crate) fn on_loopback(server: &'static str, port: u16) -> Result<TcpListener, StartError> {
    let open = || -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        // A restart gets its old port at once, though connections of the former process linger.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.set_nodelay(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| StartError::Port { server, port, source })
}

/// The address of a listener, as a client writes it.
pub(crate) fn url(server: &'static str, listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|source| StartError::Port { server, port: 0, source })?;
    Ok(format!("http://{address}"))
}

/// A server that runs until it is told to stop, or dropped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl Running {
    /// Runs what `serve` makes of the stop signal.
    pub(crate) fn start<F, S>(serve: S) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
        S: FnOnce(oneshot::Receiver<()>) -> F,
    {
        let (stop, stopped) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and `stop` waits for it")]
        Self { stop, task: tokio::spawn(serve(stopped)) }
    }

    /// Runs `router`, refusing what a web page sent: pages of strangers can reach loopback, and these servers check no
    /// passwords.
    pub(crate) fn router(listener: TcpListener, router: Router) -> Self {
        let app = router.layer(middleware::from_fn(refuse_browsers));
        Self::start(|stopped| async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async move { drop(stopped.await) })
                .await
                .map_err(|error| error.to_string())
        })
    }

    /// Stops accepting, lets running requests end, and returns when the last has ended or `patience` is over.
    pub(crate) async fn stop(self, server: &'static str, patience: std::time::Duration) {
        let Self { stop, mut task } = self;
        drop(stop);
        match tokio::time::timeout(patience, &mut task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(server, error, "the server ended badly"),
            Ok(Err(error)) => tracing::warn!(server, %error, "the server's task ended badly"),
            Err(_) => {
                tracing::warn!(server, "a request did not end in time; the server was stopped under it");
                task.abort();
            }
        }
    }
}

async fn refuse_browsers(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // A page of a stranger whose name resolves to loopback (DNS rebinding) sends no `Origin`, but the stranger's name.
    if request.headers().contains_key(header::ORIGIN) || !host.is_some_and(is_loopback) {
        return (StatusCode::FORBIDDEN, "this server serves programs of this machine only\n").into_response();
    }
    next.run(request).await
}

/// Whether a `Host` header names this machine: `localhost` or a loopback address, with any port or none.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
