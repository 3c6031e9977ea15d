//! Of what a person may have only so many of, they get no more by asking many times at once, of several instances.

use std::fmt::Write as _;

use domain::folder::{FolderName, Folders};
use domain::id::{FolderId, PostNumber, ShareId, SystemEntropy, kinds};
use domain::label::LabelName;
use domain::share::Share;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::FolderChange;

use crate::world::World;

/// Places that are left.
const LEFT: usize = 3;
/// How many ask for one.
const ASKING: usize = 8;

/// Of `bodies`, sent at once, as many are taken as there are places left; the others are told why not.
async fn check(world: &World, authorization: &str, path: &str, bodies: impl Iterator<Item = Value>, code: &str) {
    let ask = |body: Value| async move {
        world.ask_with(&[("authorization", authorization)], Method::POST, path, &body.to_string()).await
    };
    let answers = join_all(bodies.map(ask)).await;
    let (taken, others): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == StatusCode::CREATED);
    let told: Vec<_> = others.iter().map(|answer| (answer.status.as_u16(), answer.json["code"].clone())).collect();
    assert_eq!(told, vec![(409, json!(code)); ASKING - LEFT], "{path}");
    assert_eq!(taken.len(), LEFT, "{path}");
}

fn named() -> impl Iterator<Item = Value> {
    (0..ASKING).map(|n| json!({ "name": format!("new {n}") }))
}

fn feeds(host: impl Fn(usize) -> String) -> impl Iterator<Item = Value> {
    (0..ASKING).map(move |n| json!({ "url": format!("https://{}/{n}", host(n)), "discover": false }))
}

#[tokio::test]
async fn whoever_asks_for_many_tokens_at_once_gets_a_hundred() {
    let world = World::in_the_cloud(3).await;
    let ada = world.member("ada@example.org").await;
    for _ in LEFT..100 {
        world.secret::<kinds::Token>(&ada).await;
    }
    let session = format!("Bearer {}", world.secret::<kinds::Session>(&ada).await);
    check(&world, &session, "/v1/tokens", named(), "too_many_tokens").await;
    assert_eq!(world.store.credentials::<kinds::Token>(&ada, world.now()).await.unwrap().len(), 100);
}

#[tokio::test]
async fn whoever_makes_many_labels_and_folders_at_once_has_five_hundred_of_each() {
    let world = World::in_the_cloud(3).await;
    let ada = world.who_reads("ada@example.org").await;
    for n in LEFT..LabelName::MOST {
        let name = format!("label {n}").parse().unwrap();
        world.store.make_label(ada.user.id, &name, world.now(), None).await.unwrap();
    }
    let add = |folders: &mut Folders| {
        for n in LEFT..Folders::MAX {
            let name: FolderName = format!("folder {n}").parse().unwrap();
            folders.get_or_make(&name, FolderId::draw(&mut SystemEntropy)).unwrap();
        }
        FolderChange::Store(())
    };
    world.store.change_folders(ada.user.id, add).await.unwrap();
    let token = world.secret::<kinds::Token>(&ada.user).await;
    for (path, code) in [("/v1/labels", "too_many_labels"), ("/v1/folders", "too_many_folders")] {
        check(&world, &format!("Bearer {token}"), path, named(), code).await;
    }
    assert_eq!(world.store.labels(ada.user.id).await.unwrap().len(), LabelName::MOST);
}

#[tokio::test]
async fn a_label_renamed_to_several_names_at_once_makes_no_more_than_there_may_be() {
    let world = World::in_the_cloud(3).await;
    let ada = world.who_reads("ada@example.org").await;
    for n in 0..LabelName::MOST {
        let name = format!("label {n}").parse().unwrap();
        world.store.make_label(ada.user.id, &name, world.now(), None).await.unwrap();
    }
    let to = |n: usize| json!({ "name": "label 0", "to": format!("new {n}") });
    let ada = &ada;
    join_all((0..ASKING).map(|n| async move { ada.ask(Method::PATCH, "/v1/labels", &to(n)).await })).await;
    assert_eq!(world.store.labels(ada.user.id).await.unwrap().len(), LabelName::MOST);
}

#[tokio::test]
async fn whoever_shares_many_posts_at_once_shares_a_thousand() {
    let world = World::in_the_cloud(3).await;
    let ada = world.who_reads("ada@example.org").await;
    let source = world.feed("feed").await;
    ada.subscribe(source, 20).await;
    let posts = world.arrive(source, u32::try_from(ASKING).unwrap()).await;
    for n in (1..).take(Share::MOST - LEFT) {
        let (id, post) = (ShareId::draw(&mut SystemEntropy), PostNumber::new(n).unwrap());
        let share = Share { id, user: ada.user.id, post, created_at: world.now() };
        world.store.share(&share, None).await.unwrap();
    }
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&ada.user).await);
    let bodies = posts.into_iter().map(|post| json!({ "post": world.face.hide(post) }));
    check(&world, &token, "/v1/shares", bodies, "too_many_shares").await;
}

#[tokio::test]
async fn whoever_subscribes_to_many_feeds_at_once_has_as_many_as_there_may_be_in_all_and_on_one_host() {
    for (rules, host, code) in [((5, 5), "", "too_many_subscriptions"), ((50, 5), "one", "too_many_on_host")] {
        let world = World::in_the_cloud_with(3, |all| {
            (all.max_subscriptions, all.max_subscriptions_per_host) = rules;
        })
        .await;
        let ada = world.who_reads("ada@example.org").await;
        let token = format!("Bearer {}", world.secret::<kinds::Token>(&ada.user).await);
        let on = |n: usize| if host.is_empty() { format!("h{n}.example") } else { format!("{host}.example") };
        for n in LEFT..5 {
            let body = json!({ "url": format!("https://{}/there/{n}", on(n)), "discover": false });
            let headers = [("authorization", token.as_str())];
            let answer = world.ask_with(&headers, Method::POST, "/v1/subscriptions", &body.to_string()).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        }
        check(&world, &token, "/v1/subscriptions", feeds(on), code).await;
    }
}

#[tokio::test]
async fn lists_that_go_in_at_once_fill_the_places_that_there_are_and_no_more() {
    const MOST: usize = 25;
    let world = World::in_the_cloud_with(3, |rules| rules.max_subscriptions = MOST).await;
    let ada = world.who_reads("ada@example.org").await;
    let token = format!("Bearer {}", world.secret::<kinds::Token>(&ada.user).await);
    let (world, token) = (&world, token.as_str());
    let import = |part: usize| async move {
        let mut rows = String::new();
        for n in 0..20 {
            write!(rows, "<outline xmlUrl='https://h{part}.example/{n}'/>").unwrap();
        }
        let list = format!("<opml version='2.0'><body>{rows}</body></opml>");
        let headers = [("authorization", token)];
        let answer = world.ask_with(&headers, Method::POST, "/v1/opml", &list).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        let count = |name: &str| usize::try_from(answer.json[name].as_u64().unwrap()).unwrap();
        assert_eq!(count("added") + count("refused_count"), 20, "{}", answer.json);
        count("added")
    };
    let added: usize = join_all((0..3).map(import)).await.into_iter().sum();
    let there = world.store.subscriptions(ada.user.id).await.unwrap().len();
    assert_eq!((added, there), (MOST, MOST));
}
