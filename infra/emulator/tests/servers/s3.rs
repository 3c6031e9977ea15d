//! Blobs through the SDK.

use crate::clients;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;

#[tokio::test]
async fn a_blob_is_put_once_read_and_deleted() {
    let (emulator, _) = clients::in_memory().await;
    let client = clients::s3(emulator.endpoints());
    client.create_bucket().bucket("posts").send().await.unwrap();
    let put = |body: &'static str| {
        let put = client.put_object().bucket("posts").key("p/3kTMd9aZ").content_type("text/html");
        put.body(ByteStream::from_static(body.as_bytes()))
    };
    let get = || client.get_object().bucket("posts").key("p/3kTMd9aZ").send();

    put("first").if_none_match("*").send().await.unwrap();
    let refused = put("second").if_none_match("*").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("PreconditionFailed"));
    let got = get().await.unwrap();
    assert_eq!(got.content_type(), Some("text/html"));
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "first");
    client.delete_object().bucket("posts").key("p/3kTMd9aZ").send().await.unwrap();
    assert!(get().await.unwrap_err().into_service_error().is_no_such_key());
    emulator.shutdown().await;
}
