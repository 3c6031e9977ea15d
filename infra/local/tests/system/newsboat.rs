//! A real reader app, newsboat, on a real terminal, against a real Feedmill: what it shows, marks and stars, and what it hears of from elsewhere.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boot::clock;
use local::machine::Place;
use origin::{Origin, Reply};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::world::{PATIENCE, start};

/// The first version that speaks to FreshRSS; those before read the same protocol as clients of FeedHQ.
const FRESHRSS_SINCE: (u32, u32) = (2, 24);
/// The first version that asks back before it marks a feed as read.
const ASKS_SINCE: (u32, u32) = (2, 26);

/// newsboat, set up for one person, with a home of its own.
pub(crate) struct Newsboat {
    home: TempDir,
}

impl Newsboat {
    /// The version that is installed, if one is.
    pub(crate) fn version() -> Option<(u32, u32)> {
        let output = Command::new("newsboat").arg("-v").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut numbers = text.split_whitespace().nth(1)?.split('.').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    }

    pub(crate) fn set_up(version: (u32, u32), server: SocketAddr, email: &str, password: &str) -> Self {
        Self::with(version, server, email, password, false)
    }

    /// The same with a list of all that is starred, wherever it is from. Before FreshRSS it asked its own service for that, wherever ours is.
    pub(crate) fn set_up_with_stars(
        version: (u32, u32),
        server: SocketAddr,
        email: &str,
        password: &str,
    ) -> Option<Self> {
        (version >= FRESHRSS_SINCE).then(|| Self::with(version, server, email, password, true))
    }

    fn with(version: (u32, u32), server: SocketAddr, email: &str, password: &str, stars: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let source = if version >= FRESHRSS_SINCE { "freshrss" } else { "feedhq" };
        let (stars, asks) = (if stars { "yes" } else { "no" }, version >= ASKS_SINCE);
        let config = format!(
            "urls-source \"{source}\"\n{source}-url \"http://{server}/api/greader.php\"\n{source}-login \"{email}\"\n\
             {source}-password \"{password}\"\n{source}-flag-star \"s\"\n{source}-show-special-feeds {stars}\n{}",
            if asks { "confirm-mark-feed-read no\n" } else { "" }
        );
        fs::write(home.path().join("config"), config).unwrap();
        fs::write(home.path().join("urls"), "").unwrap();
        Self { home }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("newsboat");
        for (flag, file) in [("-C", "config"), ("-u", "urls"), ("-c", "cache.db")] {
            command.arg(flag).arg(self.home.path().join(file));
        }
        // A home of its own: it must not meet the settings of whoever runs the tests.
        command.args(args).env_clear().env("HOME", self.home.path()).env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Fetches everything anew, and says how many articles it takes for unread.
    pub(crate) async fn reload(&self) -> String {
        let mut command = self.command(&["-x", "reload", "print-unread"]);
        // It asks for one feed after the other.
        let output = timeout(PATIENCE * 4, spawn_blocking(move || command.output().unwrap())).await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Opens it on a terminal.
    pub(crate) fn open(&self) -> Terminal {
        Terminal::of(self.command(&[]))
    }
}

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    child: Option<Child>,
    keys: File,
    shown: Arc<Mutex<String>>,
    changes: watch::Receiver<()>,
}

impl Terminal {
    fn of(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let theirs = File::options().read(true).write(true).open(name).unwrap();
        command.stdin(theirs.try_clone().unwrap()).stdout(theirs.try_clone().unwrap()).stderr(Stdio::null());
        let child = Some(command.spawn().unwrap());
        drop((command, theirs));
        let (keys, mut ours) = (File::from(ours.try_clone().unwrap()), File::from(ours));
        let (shown, (told, changes)) = (Arc::new(Mutex::new(String::new())), watch::channel(()));
        let seen = Arc::clone(&shown);
        // It ends with the program: a terminal whose other end is closed says so by an error.
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = ours.read(&mut part) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..read]));
                told.send_replace(());
            }
        });
        Self { child, keys, shown, changes }
    }

    /// Presses keys; from now on only what comes after counts as shown.
    pub(crate) fn press(&mut self, keys: &str) {
        self.shown.lock().unwrap().clear();
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is shown.
    pub(crate) async fn shows(&mut self, text: &str) {
        let shown = Arc::clone(&self.shown);
        let waiting = self.changes.wait_for(|()| shown.lock().unwrap().contains(text));
        let found = timeout(PATIENCE, waiting).await.is_ok_and(|found| found.is_ok());
        assert!(found, "{text} was never shown, but: {:?}", self.shown.lock().unwrap());
    }

    /// Waits for its end.
    pub(crate) async fn ends(mut self) {
        let shown = Arc::clone(&self.shown);
        // The reader of its terminal goes when it does.
        let gone = timeout(PATIENCE, async { while self.changes.changed().await.is_ok() {} }).await;
        assert!(gone.is_ok(), "it does not end, but shows: {:?}", shown.lock().unwrap());
        let ended = self.child.take().unwrap().wait().unwrap();
        assert!(ended.success(), "{ended}");
    }
}

/// A program does not outlive its test.
impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// What another app of the same person would see and do.
struct OtherApp {
    server: SocketAddr,
    token: String,
}

impl OtherApp {
    async fn ask(&self, method: &str, path: &str, form: &str) -> String {
        let mut stream = TcpStream::connect(self.server).await.unwrap();
        // Of HTTP/1.0, so that the answer ends with the connection.
        let request = format!(
            "{method} /reader/api/0/{path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: GoogleLogin auth={}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.token,
            form.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        body.to_owned()
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("stream/items/ids?{query}"), "").await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let refs = answer["itemRefs"].as_array().unwrap();
        refs.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a list has so many items; their ids.
    async fn has(&self, query: &str, count: usize) -> Vec<String> {
        let waiting = async {
            let mut pause = tokio::time::interval(Duration::from_millis(100));
            loop {
                pause.tick().await;
                let ids = self.ids(query).await;
                if ids.len() == count {
                    return ids;
                }
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(ids) => ids,
            Err(_) => panic!("{query} never had {count} items, but {:?}", self.ids(query).await),
        }
    }
}

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";
const UNREAD: &str = "s=user/-/state/com.google/reading-list&xt=user/-/state/com.google/read";
const STARRED: &str = "s=user/-/state/com.google/starred";

/// Three posts whose words are met nowhere else.
fn gazette() -> String {
    let item = |n: u32, title: &str, content: &str| {
        format!(
            "<item><title>{title}</title><link>http://example.org/{n}</link><guid>{n}</guid><pubDate>Thu, 0{n} Jan 2026 12:00:00 GMT</pubDate><description>{content}</description></item>"
        )
    };
    let items = [item(3, "Marzipan", "quince"), item(2, "Saffron", "damson"), item(1, "Cardamom", "medlar")].concat();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Gazette</title>{items}</channel></rss>")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newsboat_lists_shows_marks_stars_and_hears_of_what_was_done_elsewhere() {
    let Some(version) = Newsboat::version() else {
        println!("SKIPPED: newsboat is not installed (Debian: apt-get install newsboat)");
        return;
    };
    let origin = Origin::start().await.unwrap();
    origin.always("/gazette.xml", Reply::ok(gazette()));
    let machine = start(Place::Memory, clock::system()).await;
    let client = machine.client();
    client.post("/v1/bootstrap", &json!({ "email": EMAIL, "password": PASSWORD })).await.unwrap();
    let session = client.post("/v1/sessions", &json!({ "email": EMAIL, "password": PASSWORD })).await.unwrap();
    let other = OtherApp { server: machine.address(), token: session["secret"].as_str().unwrap().to_owned() };
    let added = other.ask("POST", "subscription/quickadd", &format!("quickadd={}", origin.url("/gazette.xml"))).await;
    assert!(added.contains("\"numResults\":1"), "{added}");
    other.has(UNREAD, 3).await;

    let newsboat = Newsboat::set_up(version, machine.address(), EMAIL, PASSWORD);
    assert_eq!(newsboat.reload().await, "3 unread articles", "it lists");

    let mut screen = newsboat.open();
    screen.shows("Gazette").await;
    screen.press("\r");
    for title in ["Marzipan", "Saffron", "Cardamom"] {
        screen.shows(title).await;
    }
    screen.press("\r");
    screen.shows("quince").await;
    // Ctrl-E asks for the flags of the article. Only when a key comes after it was shown does newsboat tell that it was read.
    screen.press("\u{5}");
    screen.shows("Flags").await;
    let unread = other.has(UNREAD, 2).await;
    screen.press("s\r");
    let starred = other.has(STARRED, 1).await;
    assert!(!unread.contains(&starred[0]), "the one that was shown is starred");
    screen.press("q");
    screen.shows("Saffron").await;
    screen.press("A");
    other.has(UNREAD, 0).await;
    screen.press("qq");
    screen.ends().await;

    let form = format!("i={}&a=user/-/state/com.google/kept-unread", unread[0]);
    assert_eq!(other.ask("POST", "edit-tag", &form).await, "OK");
    // Whatever an answer says, one that speaks to FreshRSS takes what it has read itself for read; without a memory of that it hears of it.
    let fresh = Newsboat::set_up(version, machine.address(), EMAIL, PASSWORD);
    let newsboat = if version >= FRESHRSS_SINCE { fresh } else { newsboat };
    assert_eq!(newsboat.reload().await, "1 unread articles", "it hears of what became unread elsewhere");
    let form = format!("i={}&a=user/-/state/com.google/read", unread[0]);
    assert_eq!(other.ask("POST", "edit-tag", &form).await, "OK");
    assert_eq!(newsboat.reload().await, "0 unread articles", "and of what was read there");

    let form = format!("i={}&a=user/-/state/com.google/starred", unread[1]);
    assert_eq!(other.ask("POST", "edit-tag", &form).await, "OK");
    // It has an article in one list alone: once nobody subscribes to the feed, in that of the starred ones.
    let form = format!("ac=unsubscribe&s=feed/{}", origin.url("/gazette.xml"));
    assert_eq!(other.ask("POST", "subscription/edit", &form).await, "OK");
    if let Some(newsboat) = Newsboat::set_up_with_stars(version, machine.address(), EMAIL, PASSWORD) {
        assert_eq!(newsboat.reload().await, "0 unread articles");
        let mut screen = newsboat.open();
        screen.shows("Starred items").await;
        screen.press("\r");
        screen.shows("Marzipan").await;
        screen.shows("Cardamom").await;
        screen.press("qq");
        screen.ends().await;
    }
    machine.stop().await;
}
