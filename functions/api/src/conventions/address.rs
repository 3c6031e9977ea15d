//! Where a request comes from: as the platform tells it, never as a header does, which anyone can send.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;

/// The address of whoever sent the request: on Lambda the gateway's `http.sourceIp`, on one machine the socket's peer.
///
/// Where the platform tells none, it is `0.0.0.0`: all such requests count as of one and the same stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    /// What the platform left among a request's extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let address = match extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.http.source_ip.as_deref().and_then(|address| address.parse().ok())
            }
            _ => extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()),
        };
        Self(address.unwrap_or(Self::UNKNOWN).to_canonical())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    const EVENT: &str = include_str!("../../../../events/api/list.json");

    fn check(request: Request<impl Sized>, address: &str) {
        assert_eq!(ClientAddress::of(request.extensions()).0.to_string(), address);
    }

    fn forged() -> Request<()> {
        Request::builder()
            .header("x-forwarded-for", "203.0.113.9")
            .header("forwarded", "for=203.0.113.9")
            .body(())
            .unwrap()
    }

    #[test]
    fn the_gateway_tells_the_address_on_lambda() {
        let told: serde_json::Value = serde_json::from_str(EVENT).unwrap();
        let told = told["requestContext"]["http"]["sourceIp"].as_str().unwrap();
        check(lambda_http::request::from_str(EVENT).unwrap(), told);
        check(lambda_http::request::from_str(&EVENT.replace(told, "2001:db8::7")).unwrap(), "2001:db8::7");
        check(lambda_http::request::from_str(&EVENT.replace(told, "nonsense")).unwrap(), "0.0.0.0");
    }

    #[test]
    fn the_socket_tells_it_elsewhere_and_no_header_does() {
        for (peer, address) in [("192.0.2.7:5000", "192.0.2.7"), ("[::ffff:192.0.2.7]:1", "192.0.2.7")] {
            let mut request = forged();
            request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            check(request, address);
        }
        check(forged(), "0.0.0.0");
    }
}
