//! Folders: made, renamed and removed by several devices at once, each name once.

use domain::folder::{FolderName, Folders, Renaming};
use domain::id::{FolderId, ShortId, SystemEntropy, UserId};
use store::{ChangingFolders, FolderChange};

use crate::world::{World, noon_plus};

fn name(text: &str) -> FolderName {
    text.parse().unwrap()
}

async fn make(world: &World, user: UserId, text: &str) -> ChangingFolders<FolderId> {
    let id: FolderId = ShortId::draw(&mut SystemEntropy);
    let change = |folders: &mut Folders| {
        let before = folders.clone();
        let made = folders.get_or_make(&name(text), id).unwrap();
        if *folders == before { FolderChange::Leave(made) } else { FolderChange::Store(made) }
    };
    world.store.change_folders(user, change).await.unwrap()
}

async fn names(world: &World, user: UserId) -> Vec<String> {
    let mut names: Vec<String> =
        world.store.folders(user).await.unwrap().list().iter().map(|folder| folder.name.to_string()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn folders_made_at_once_are_all_there_and_each_name_is_there_once() {
    let world = World::new().await;
    let (ada, bob) = (world.member("ada@example.org").await.id, world.member("bob@example.org").await.id);
    let all = ["News", "Old", "NEWS", "news", "Far  away"].map(|text| make(&world, ada, text));
    let made = futures_util::future::join_all(all).await;
    let mut found = names(&world, ada).await;
    // Whoever was first says how it is written.
    found.iter_mut().for_each(|name| *name = name.to_lowercase());
    found.sort();
    assert_eq!(found, ["far away", "news", "old"]);
    assert_eq!((&made[0], &made[0]), (&made[2], &made[3]), "one name is one folder");
    assert!(names(&world, bob).await.is_empty(), "they are nobody else's");
}

#[tokio::test]
async fn whatever_answers_get_lost_a_folder_is_removed_once_and_that_is_told() {
    for lost in 0..3 {
        let world = World::new().await;
        let ada = world.member("ada@example.org").await.id;
        world.lose(lost);
        let ChangingFolders::Done(id) = make(&world, ada, "News").await else { panic!("no user") };
        let rename = |folders: &mut Folders| FolderChange::Store(folders.rename(id, &name("Old")));
        let renamed = world.store.change_folders(ada, rename).await.unwrap();
        assert_eq!(renamed, ChangingFolders::Done(Renaming::Renamed), "{lost} lost");
        world.lose(lost);
        let remove = |folders: &mut Folders| {
            if folders.remove(id) { FolderChange::Store(true) } else { FolderChange::Leave(false) }
        };
        assert_eq!(world.store.change_folders(ada, remove).await.unwrap(), ChangingFolders::Done(true), "{lost} lost");
        assert!(names(&world, ada).await.is_empty());
    }
}

#[tokio::test]
async fn who_leaves_takes_the_folders_along_and_makes_no_more() {
    let world = World::new().await;
    let ada = world.member("ada@example.org").await.id;
    make(&world, ada, "News").await;
    world.store.begin_erasing(ada, noon_plus(1)).await.unwrap();
    assert!(matches!(world.store.erase(ada, noon_plus(1), 10).await.unwrap(), store::Erasure::More));
    assert!(names(&world, ada).await.is_empty());
    assert_eq!(make(&world, ada, "Late").await, ChangingFolders::NoUser);
}
