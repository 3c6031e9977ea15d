//! The guard itself: between the SDK and its HTTP client.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::roles::Role;
use crate::template::Blueprint;
use crate::{needs, records};

/// `client`, through which a process may do only what the role of `function` (its name in the template) allows. What it does is
/// recorded, so that a role can be asked what it allows in vain.
///
/// # Panics
/// When the template cannot be read. A call that is not allowed panics where it is made, and says what the role lacks: a refusal could
/// be taken for one of the failures that a test wants.
pub fn guard(function: &str, client: SharedHttpClient) -> SharedHttpClient {
    #[expect(clippy::panic, reason = "for tests: without the template there is nothing to hold a function to")]
    let role = Arc::new(Blueprint::read().unwrap_or_else(|error| panic!("{error}")).role(function));
    http_client_fn(move |settings, components| {
        let next = client.http_connector(settings, components);
        SharedHttpConnector::new(Guard { role: Arc::clone(&role), next })
    })
}

#[derive(Debug)]
struct Guard {
    role: Arc<Role>,
    next: SharedHttpConnector,
}

impl HttpConnector for Guard {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        for need in needs::of(&request) {
            records::note(&self.role.function, &need);
            #[expect(clippy::panic, reason = "for tests: see `guard`")]
            if !self.role.allows(&need) {
                panic!(
                    "function {} needs {} on {}: allow it in its role in infra/template.yaml",
                    self.role.function, need.action, need.resource
                );
            }
        }
        self.next.call(request)
    }
}
