//! The real program, killed at any moment: nothing that the feeds published is lost, and nothing doubled.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::account::OperatorSecret;
use local::client::Client;
use local::data::{find_server, key_file};
use origin::{Origin, Reply};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::world::{PATIENCE, clock_ahead, folder, rss, start, titles};

const FEEDS: u64 = 200;
const KILLS: u32 = 8;
/// What a feed has when it is first fetched.
const AT_FIRST: u64 = 2;

/// Pseudo-random numbers (SplitMix64): printed with their seed, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

struct Program(Child);

impl Program {
    /// Starts it and waits until its API answers.
    async fn start(data: &Path) -> (Self, SocketAddr) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feedmill"))
            .args([
                "up",
                "--tick",
                "1",
                "--min-interval",
                "15",
                "--allow-private-networks",
                "--listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let greeted = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            out.read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(PATIENCE, greeted).await.unwrap().unwrap().unwrap();
        assert!(line.contains("Feedmill runs"), "it did not start after a kill: {line:?}");
        let note = find_server(data).unwrap().unwrap();
        assert_eq!(note.pid, child.id());
        (Self(child), note.address)
    }

    /// SIGKILL: no handler, no destructor.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // When a test fails: no process stays behind. Killed already, this is refused, which is fine.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Feed `n` publishes an entry every few seconds, until publishing ends.
fn published(n: u64, steps: u64) -> u64 {
    AT_FIRST + steps / (3 + n % 5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_and_doubles_nothing() {
    let seed = boot::clock::now().as_millis().unsigned_abs();
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let origin = Origin::start().await.unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    for n in 0..FEEDS {
        let (name, steps) = (format!("f{n}"), Arc::clone(&steps));
        origin.on(&format!("/{name}.xml"), move |seen| {
            let count = published(n, steps.load(Ordering::Relaxed));
            Reply::unless_known(seen, &format!("\"{count}\""), Reply::ok(rss(&name, count)))
        });
    }
    let data = tempfile::tempdir().unwrap();
    let mut ids: Vec<Option<String>> = vec![None; usize::try_from(FEEDS).unwrap()];
    for round in 0..KILLS {
        let (program, address) = Program::start(data.path()).await;
        let lives = Duration::from_millis(500 + dice.roll(4_000));
        println!("round {round}: killed after {} ms", lives.as_millis());
        let end = Instant::now() + lives;
        add_missing(&Client::at(address, operator(data.path())), &origin, &mut ids, end).await;
        sleep(end.saturating_duration_since(Instant::now())).await;
        program.kill();
        steps.fetch_add(1 + dice.roll(5), Ordering::Relaxed);
    }
    // The leases of the dead run out in minutes; by a clock that is ahead they have.
    let machine = start(folder(data.path()), clock_ahead(Duration::from_secs(900))).await;
    let client = machine.client();
    let far = Instant::now() + PATIENCE * 2;
    add_missing(&client, &origin, &mut ids, far).await;
    let total = steps.load(Ordering::Relaxed);
    for (n, id) in (0..).zip(&ids) {
        let id = id.as_deref().expect("added in the end");
        let expected: Vec<_> = (0..published(n, total)).map(|entry| format!("f{n} {entry}")).collect();
        let mut arrived = titles(&client, id).await;
        while arrived.len() < expected.len() && Instant::now() < far {
            sleep(Duration::from_millis(200)).await;
            arrived = titles(&client, id).await;
        }
        assert_eq!(arrived, expected, "seed {seed}, source {id}");
    }
    assert_eq!(client.list("/v1/sources", "sources", 10_000).await.unwrap().len(), ids.len(), "no source twice");
    machine.stop().await;
}

fn operator(data: &Path) -> OperatorSecret {
    OperatorSecret::of(&boot::key::load(&key_file(data)).unwrap())
}

/// Adds the feeds that have no source yet, until `end`. Who is killed before it could answer may have added one all the same.
async fn add_missing(client: &Client, origin: &Origin, ids: &mut [Option<String>], end: Instant) {
    for (n, id) in ids.iter_mut().enumerate().filter(|(_, id)| id.is_none()) {
        let body =
            json!({ "url": origin.url_at(&format!("h{n}.localhost"), &format!("/f{n}.xml")), "interval_minutes": 15 });
        let Ok(added) = tokio::time::timeout_at(end, client.post("/v1/sources", &body)).await else { return };
        // A second time the API names the source that is there.
        *id = Some(added.unwrap()["id"].as_str().unwrap().to_owned());
    }
}
