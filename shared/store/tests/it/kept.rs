//! What users keep: one copy a post, whatever stars and labels it has, for as long as it has one.

use domain::account::User;
use domain::id::{PostNumber, SystemEntropy, UserId};
use domain::label::LabelName;
use domain::reading::Order;
use domain::source::SourceState;
use store::{Body, Content, Flag, Flags, Keeping, KeptRange, Labelling, PostFacts};

use crate::desk::{Desk, Part, entry, some};
use crate::readers::stop_after;
use crate::world::{NOON, World, noon_plus};

fn label(name: &str) -> LabelName {
    name.parse().unwrap()
}

fn all() -> KeptRange {
    KeptRange { order: Order::NewestFirst, above: None, below: None }
}

/// Ada, and a source with so many posts.
async fn scene(posts: u8) -> (World, User, Desk, Vec<PostNumber>) {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    desk.land(&world, &some(1..=posts), Part::Whole).await;
    let numbers = desk.head.recent.numbers().to_vec();
    let ada = world.member("ada@example.org").await;
    (world, ada, desk, numbers)
}

impl World {
    async fn keep(&self, user: UserId, numbers: &[PostNumber], flag: &Flag) -> Keeping {
        let missing = self.store.flag(user, numbers, flag).await.unwrap();
        let mut posts = self.store.originals(&missing).await.unwrap();
        posts.iter_mut().for_each(|post| post.source_title = Some("Herbs".to_owned()));
        self.store.keep(user, &posts, flag).await.unwrap()
    }

    async fn kept(&self, user: UserId, flag: &Flag, range: KeptRange, limit: usize) -> Vec<PostNumber> {
        self.store.kept(user, flag, range, limit).await.unwrap().into_iter().map(|kept| kept.listed.number).collect()
    }

    /// Flags and copies there are.
    async fn keepings(&self) -> (usize, usize) {
        let stored = self.stored().await;
        let such = |prefix: &str| stored.keys().filter(|(_, sk)| sk.starts_with(prefix)).count();
        (such("KEPT#"), such("COPY#"))
    }
}

#[tokio::test]
async fn a_post_is_copied_once_and_its_copy_goes_with_its_last_flag() {
    let (world, ada, _, numbers) = scene(3).await;
    let (star, blue, red) = (Flag::Star, Flag::Label(label("blue")), Flag::Label(label("red #1")));
    for flag in [&star, &blue, &red, &star] {
        assert_eq!(world.keep(ada.id, &numbers[..2], flag).await, Keeping::Kept);
    }
    assert_eq!(world.keepings().await, (2, 2));
    let flags = world.store.flags(ada.id, numbers[0], numbers[2]).await.unwrap();
    let expected = Flags { starred: true, labels: vec![label("blue"), label("red #1")] };
    assert_eq!((flags.len(), &flags[&numbers[0]], &flags[&numbers[1]]), (2, &expected, &expected));
    for (flag, left) in [(&blue, 2), (&blue, 2), (&star, 2), (&red, 0), (&red, 0)] {
        world.store.unflag(ada.id, &numbers, flag).await.unwrap();
        assert_eq!(world.keepings().await, (left, left), "{flag:?}");
    }
    assert!(!world.store.keeps(ada.id, numbers[0]).await.unwrap());
}

#[tokio::test]
async fn a_copy_outlives_its_source_and_says_what_that_was() {
    let (world, ada, desk, numbers) = scene(2).await;
    let before = world.store.post(numbers[0]).await.unwrap().unwrap();
    world.keep(ada.id, &numbers[..1], &Flag::Star).await;
    world.store.leave(desk.source, SourceState::Deleting, "", noon_plus(60)).await.unwrap();
    world.store.sweep(desk.source, noon_plus(1_000_000), 100).await.unwrap();
    assert_eq!(world.store.post(numbers[0]).await.unwrap(), None);
    let copies = world.store.copies(ada.id, &numbers).await.unwrap();
    assert_eq!((copies.len(), &copies[0].post), (1, &before));
    assert_eq!(copies[0].source_title.as_deref(), Some("Herbs"));
    let stored = world.stored().await;
    let copy = stored.iter().find(|((_, sk), _)| sk.starts_with("COPY#")).unwrap().1;
    assert!(!copy.contains_key(store::TTL), "it does not expire");
    let bob = world.member("bob@example.org").await;
    assert!(world.store.copies(bob.id, &numbers).await.unwrap().is_empty(), "it is nobody else's");
}

#[tokio::test]
async fn what_is_kept_is_listed_by_flag_in_both_orders_between_two_numbers() {
    let (world, ada, _, numbers) = scene(9).await;
    let (star, blue) = (Flag::Star, Flag::Label(label("blue")));
    world.keep(ada.id, &[numbers[1], numbers[3], numbers[5]], &star).await;
    world.keep(ada.id, &[numbers[2], numbers[3]], &blue).await;
    let check = async |flag: &Flag, range, limit, places: &[usize]| {
        let expected: Vec<PostNumber> = places.iter().map(|place| numbers[*place]).collect();
        assert_eq!(world.kept(ada.id, flag, range, limit).await, expected, "{flag:?} {range:?} {limit}");
    };
    check(&star, all(), 9, &[5, 3, 1]).await;
    check(&star, all(), 2, &[5, 3]).await;
    check(&star, KeptRange { below: Some(numbers[3]), ..all() }, 9, &[1]).await;
    check(&star, KeptRange { above: Some(numbers[3]), ..all() }, 9, &[5]).await;
    check(&star, KeptRange { order: Order::OldestFirst, ..all() }, 2, &[1, 3]).await;
    check(&star, KeptRange { above: Some(numbers[5]), below: Some(numbers[5]), ..all() }, 9, &[]).await;
    check(&star, KeptRange { below: PostNumber::new(0), ..all() }, 9, &[]).await;
    check(&blue, all(), 9, &[3, 2]).await;
    check(&Flag::Label(label("blu")), all(), 9, &[]).await;
}

#[tokio::test]
async fn who_is_not_there_keeps_nothing() {
    let (world, ada, _, numbers) = scene(1).await;
    let nobody = UserId::draw(&mut SystemEntropy);
    assert_eq!(world.keep(nobody, &numbers, &Flag::Star).await, Keeping::NoUser);
    assert_eq!(world.store.make_label(nobody, &label("blue"), NOON, None).await.unwrap(), Labelling::NoUser);
    world.store.begin_erasing(ada.id, NOON).await.unwrap();
    assert_eq!(world.keep(ada.id, &numbers, &Flag::Star).await, Keeping::NoUser);
    assert_eq!(world.keepings().await, (0, 0));
}

#[tokio::test]
async fn a_device_that_stars_while_another_unstars_leaves_a_flag_with_its_copy_or_neither() {
    let (world, ada, _, numbers) = scene(1).await;
    let blue = Flag::Label(label("blue"));
    for waits in 0..40 {
        world.keep(ada.id, &numbers, &Flag::Star).await;
        let stopped = stop_after(waits, world.store.unflag(ada.id, &numbers, &Flag::Star)).await.is_none();
        world.keep(ada.id, &numbers, &blue).await;
        let (flags, copies) = world.keepings().await;
        assert_eq!((flags, copies), (1, 1), "{waits}");
        world.store.unflag(ada.id, &numbers, &Flag::Star).await.unwrap();
        world.store.unflag(ada.id, &numbers, &blue).await.unwrap();
        assert_eq!(world.keepings().await, (0, 0), "{waits}");
        if !stopped {
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn a_copy_names_a_blob_of_its_own_or_none() {
    let world = World::new().await;
    let mut desk = Desk::new(&world).await;
    let body = Body::default().in_blob("contents/of-the-post");
    desk.land(&world, &[PostFacts::of(&entry(1), body, NOON)], Part::Whole).await;
    let numbers = desk.head.recent.numbers().to_vec();
    let ada = world.member("ada@example.org").await;
    for (own, expected) in
        [(None, Content::None), (Some("copies/own".to_owned()), Content::InBlob("copies/own".to_owned()))]
    {
        let mut posts = world.store.originals(&numbers).await.unwrap();
        assert_eq!(posts[0].blob.as_deref(), Some("contents/of-the-post"));
        posts[0].own_blob = own;
        world.store.keep(ada.id, &posts, &Flag::Star).await.unwrap();
        assert_eq!(world.store.copies(ada.id, &numbers).await.unwrap()[0].post.content, expected);
        world.store.unflag(ada.id, &numbers, &Flag::Star).await.unwrap();
    }
}

#[tokio::test]
async fn labels_are_there_by_name_and_are_renamed_and_ended_with_their_posts() {
    let (world, ada, _, numbers) = scene(4).await;
    let (blue, red, old) = (label("blue"), label("red"), label("OLD"));
    for name in [&red, &blue, &red, &old] {
        world.store.make_label(ada.id, name, NOON, None).await.unwrap();
    }
    world.keep(ada.id, &numbers, &Flag::Label(old.clone())).await;
    world.keep(ada.id, &numbers[..1], &Flag::Star).await;
    world.store.rename_label(ada.id, &old, &blue, NOON, None).await.unwrap();
    assert_eq!(world.store.labels(ada.id).await.unwrap(), [blue.clone(), red.clone()]);
    assert_eq!(world.kept(ada.id, &Flag::Label(blue.clone()), all(), 9).await.len(), 4);
    assert!(world.kept(ada.id, &Flag::Label(old), all(), 9).await.is_empty());
    world.store.end_label(ada.id, &blue).await.unwrap();
    assert_eq!(world.store.labels(ada.id).await.unwrap(), [red]);
    assert_eq!(world.keepings().await, (1, 1), "the starred one stays");
}
