//! S3: s3s-fs over a folder.

use crate::listen::Running;
use axum::Router;
use axum::error_handling::HandleError;
use http::StatusCode;
use s3s::S3Result;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::io;
use std::path::Path;
use tokio::net::TcpListener;

/// Serves the buckets in `folder`, which exists.
pub(crate) fn serve(listener: TcpListener, folder: &Path) -> io::Result<Running> {
    let files = FileSystem::new(folder).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SameText);
    let service = HandleError::new(builder.build(), |error: s3s::HttpError| async move {
        tracing::warn!(?error, "the blob server failed");
        StatusCode::INTERNAL_SERVER_ERROR
    });
    Ok(Running::router(listener, Router::new().fallback_service(service)))
}

/// s3s checks signatures, so it has to know the secret: it is the same text as the key id.
struct SameText;

impl S3Auth for SameText {
    fn get_secret_key<'a, 'b, 'c>(
        &'a self,
        access_key: &'b str,
    ) -> std::pin::Pin<Box<dyn Future<Output = S3Result<SecretKey>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move { Ok(SecretKey::from(access_key)) })
    }
}
