//! Posts: newest first, by short id, in answers that Lambda can give.

use crate::world::World;

#[tokio::test]
async fn a_source_without_posts_has_an_empty_list() {
    let world = World::new().await;
    let source = world.add("https://example.org/feed").await;
    let page = world.get(&format!("/v1/sources/{source}/posts")).await;
    assert_eq!(
        (
            page.json["posts"].as_array().unwrap().len(),
            page.json["next"].is_null()
        ),
        (0, true)
    );
    assert!(page.bytes < 100);
}
