//! The API's listener: loopback only, and an end that lets answers out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::pump::stopped;
use crate::trouble::Trouble;

/// How long answers under way may take once the end has come.
pub const GRACE: Duration = Duration::from_secs(5);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Listens on `address`, which was chosen by `flag`.
///
/// # Errors
/// [`Trouble::CannotStart`] when it is not loopback, or cannot be had.
pub fn on(address: SocketAddr, flag: &str) -> Result<TcpListener, Trouble> {
    if !address.ip().is_loopback() {
        return Err(Trouble::CannotStart(format!(
            "{address} can be reached from outside, and Feedmill speaks plain HTTP, in which passwords can be read on the way: listen on 127.0.0.1 or [::1]"
        )));
    }
    bind(address).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::AddrInUse => "it is in use by another process".to_owned(),
            _ => error.to_string(),
        };
        Trouble::CannotStart(format!("cannot listen on {address}: {what}; choose another with {flag}"))
    })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart gets its port back at once, though connections of the former process linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until told to stop; then answers under way have `grace` to end.
pub async fn serve(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>, grace: Duration) {
    let (mut told, mut ending) = (stopping.clone(), stopping);
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stopped(&mut told).await });
    let out_of_patience = async move {
        stopped(&mut ending).await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = served => if let Err(error) = ended { tracing::error!(%error, "the API ended badly") },
        () = out_of_patience => tracing::info!("an answer did not end in time"),
    }
}
