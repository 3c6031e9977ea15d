//! `bench read`: what reading costs, call by call, through the API, the store and the embedded servers: one person with many subscriptions, and ten people at once.

mod alone;
mod crowd;
mod line;

use crate::Outcome;
use crate::library::{Library, Size};
use crate::machine::Machine;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure one of the scenes alone.
    #[arg(long, value_enum)]
    scene: Option<Scene>,
    /// To how many sources each reader subscribes; 1,000 alone, 500 in a crowd unless said.
    #[arg(long)]
    subscriptions: Option<u64>,
    /// How many posts each has, all unread; 30 alone, 200 in a crowd unless said.
    #[arg(long)]
    posts: Option<u64>,
    /// How many of them arrive together; 10 alone, 40 in a crowd unless said.
    #[arg(long)]
    turn: Option<u64>,
    /// How many people read at once in the crowd.
    #[arg(long, default_value_t = 10)]
    users: u64,
    /// How often each call is made, by each of them.
    #[arg(long, default_value_t = 30)]
    calls: usize,
    /// Reach the tables over loopback HTTP.
    #[arg(long)]
    http: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scene {
    /// One person, calls one after the other.
    Alone,
    /// Several people, who call at once.
    Crowd,
}

impl Options {
    fn size(&self, scene: Scene) -> Size {
        let (readers, sources, posts, turn) = match scene {
            Scene::Alone => (1, 1_000, 30, 10),
            Scene::Crowd => (self.users.max(1), 500, 200, 40),
        };
        Size {
            readers,
            sources: self.subscriptions.unwrap_or(sources).max(1),
            posts: self.posts.unwrap_or(posts).max(1),
            turn: self.turn.unwrap_or(turn).max(1),
        }
    }
}

pub(crate) async fn run(options: &Options) -> Outcome<()> {
    let mut all = Vec::new();
    for scene in [Scene::Alone, Scene::Crowd] {
        if options.scene.is_none_or(|only| only == scene) {
            let (size, calls) = (options.size(scene), options.calls.max(1));
            let machine = Machine::start(options.http).await?;
            let library = Library::fill(&machine, size).await?;
            let lines = match scene {
                Scene::Alone => alone::measure(&machine, library, calls).await?,
                Scene::Crowd => crowd::measure(&machine, &library, calls).await?,
            };
            let Size { readers, sources, posts, .. } = size;
            let title = format!("{readers} at once, {sources} subscriptions each, {} unread posts", sources * posts);
            all.push(line::Table { title, lines });
        }
    }
    line::print(&all, options.json)
}
