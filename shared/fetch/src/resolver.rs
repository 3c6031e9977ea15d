//! From names to addresses, past the guard: what this returns is what the socket connects to, so a second look-up cannot differ.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::reach::{Reach, is_localhost};

/// From a host name to its addresses.
pub type Script = Arc<dyn Fn(&str) -> Vec<Answer> + Send + Sync>;

/// How host names become addresses.
#[derive(Clone)]
pub enum Lookup {
    /// As the system does it.
    System,
    /// As this function says, for tests; the guard judges its answers like any other. No answer: the name does not resolve.
    Scripted(Script),
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Scripted(_) => "Scripted",
        })
    }
}

/// A scripted address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The address that the guard judges.
    pub address: IpAddr,
    /// Where the socket goes in its stead: how a test on loopback plays a public server.
    pub stand_in: Option<IpAddr>,
}

impl From<IpAddr> for Answer {
    fn from(address: IpAddr) -> Self {
        Self { address, stand_in: None }
    }
}

/// None of the addresses that a name has is public.
#[derive(Debug, thiserror::Error)]
#[error("resolves to {ip}, which is not public")]
pub(crate) struct OnlyPrivate {
    pub(crate) ip: IpAddr,
}

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name does not resolve")]
pub(crate) struct Unresolved(#[source] io::Error);

/// The resolver of the one HTTP client.
pub(crate) struct Guarded {
    pub(crate) lookup: Lookup,
    pub(crate) reach: Reach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, reach) = (self.lookup.clone(), self.reach.clone());
        Box::pin(async move {
            let answers = look_up(&lookup, name.as_str()).await.map_err(Unresolved)?;
            admitted(&answers, &reach)
        })
    }
}

async fn look_up(lookup: &Lookup, name: &str) -> io::Result<Vec<Answer>> {
    match lookup {
        Lookup::Scripted(script) => Ok(script(name)),
        // Not every system knows that names below localhost are this machine.
        Lookup::System if is_localhost(name) => {
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST).into(), IpAddr::V6(Ipv6Addr::LOCALHOST).into()])
        }
        Lookup::System => Ok(tokio::net::lookup_host((name, 0)).await?.map(|socket| socket.ip().into()).collect()),
    }
}

/// The addresses that may be connected to: private ones are dropped, and there must be one left.
fn admitted(answers: &[Answer], reach: &Reach) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let Some(first) = answers.first() else {
        return Err(Box::new(Unresolved(io::ErrorKind::NotFound.into())));
    };
    let sockets: Vec<SocketAddr> = answers
        .iter()
        .filter(|answer| reach.admits(answer.address))
        .map(|answer| SocketAddr::new(answer.stand_in.unwrap_or(answer.address), 0))
        .collect();
    if sockets.is_empty() {
        return Err(Box::new(OnlyPrivate { ip: first.address }));
    }
    Ok(Box::new(sockets.into_iter()))
}
