//! Every file in `events/api`, as API Gateway's HTTP API sends it, through the router.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::world::World;

#[tokio::test]
async fn every_event_has_the_answer_that_its_name_promises() {
    let world = World::new().await;
    let mut answers = BTreeMap::new();
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/api"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let request = lambda_http::request::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let mut request = api::as_asked(request).map(axum::body::Body::new);
        // Recorded events hold no secret of this world.
        if !file.ends_with("anonymous.json") {
            request.headers_mut().insert("authorization", world.operator().parse().unwrap());
        }
        let answer = world.answer(request).await;
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        answers.insert(name, (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default().to_owned()));
    }
    let expected = [
        ("add", 201, ""),
        ("add-in-base64", 201, ""),
        ("add-private-address", 422, "not_public"),
        ("anonymous", 401, "not_signed_in"),
        ("health", 200, ""),
        ("list", 200, ""),
        ("malformed-id", 400, "bad_id"),
        // API Gateway decodes a path before it hands it over, and cuts it at a decoded `?`: an id must not need encoding, and what does is none.
        ("path-in-other-letters", 400, "bad_id"),
        ("path-with-hash", 400, "bad_id"),
        ("path-with-percent", 404, "no_such_path"),
        ("path-with-question-mark", 400, "bad_id"),
        ("path-with-slash", 404, "no_such_path"),
        ("unknown-post", 404, "not_found"),
        ("wrong-method", 405, "wrong_method"),
    ];
    let expected = expected.map(|(name, status, code)| (name.to_owned(), (status, code.to_owned())));
    assert_eq!(answers, BTreeMap::from(expected));
    assert_eq!(world.get("/v1/sources").await.json["sources"].as_array().unwrap().len(), 2);
}
