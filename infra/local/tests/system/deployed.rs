//! The real template, deployed by CloudFormation with the real programs as functions, into an emulator of AWS that checks permissions:
//! one story through API Gateway's address.
//!
//! The emulator is ministack, from the Python package registry, in a virtual environment under `target/`. Where Python or the registry
//! is missing, the test says so and is skipped.

mod gateway;
mod key;
mod ministack;

use std::time::Duration;

use domain::account::OperatorSecret;
use domain::id::InstallationKey;
use origin::{Origin, Reply};
use serde_json::{Value, json};

use self::gateway::Gateway;
pub(crate) use self::ministack::programs;
use self::ministack::{Cloud, Skipped};
use super::world::rss;

/// Far more than it takes: two minutes, of which one is the schedule's.
const TIME: Duration = Duration::from_secs(420);
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_template_deploys_and_what_it_made_does_what_it_should() {
    let cloud = match Cloud::start() {
        Ok(cloud) => cloud,
        Err(Skipped(why)) => {
            println!("\n*** SKIPPED: nothing was deployed. {why} ***\n");
            return;
        }
    };
    let stack = Stack::deploy(&cloud).await;
    let told = tokio::time::timeout(TIME, stack.story()).await;
    assert!(told.is_ok(), "it takes too long: {:#?}\n{}", cloud.run("trouble", &[]), cloud.log());
    drop(stack);
    assert!(cloud.stop(), "processes of the emulator are left");
}

/// The deployed stack, and someone who looks after it.
struct Stack<'a> {
    cloud: &'a Cloud,
    operator: Gateway,
    names: Value,
    origin: Origin,
}

impl<'a> Stack<'a> {
    async fn deploy(cloud: &'a Cloud) -> Self {
        let programs = programs();
        let variables = json!({ "FEEDMILL_TICK_SECONDS": "1", "FEEDMILL_ALLOW_PRIVATE_NETWORKS": "true" });
        let arguments = [TEMPLATE, programs.to_str().unwrap(), &variables.to_string(), &parameters("180").to_string()];
        let outputs = cloud.run("deploy", &arguments);
        let nobody = Gateway::new(cloud.address(), outputs["ApiUrl"].as_str().unwrap(), String::new());
        // The function that first needs the installation's key makes it.
        assert_eq!(nobody.get("/healthz").await["status"], "ok");
        let key: InstallationKey = cloud.run("key", &[]).as_str().unwrap().parse().unwrap();
        let secret = OperatorSecret::of(&key);
        Self {
            cloud,
            operator: nobody.with(format!("Operator {}", secret.expose())),
            names: cloud.run("resources", &[]),
            origin: Origin::start().await.unwrap(),
        }
    }

    fn name(&self, of: &str) -> &str {
        self.names[of].as_str().unwrap()
    }

    async fn story(&self) {
        // The emulator speaks no TLS that the functions would trust, and the bucket asks for it.
        self.cloud.run("allow_plain_http", &[self.name("Blobs")]);
        let reader = self.someone_signs_up().await;
        let (source, post) = self.a_feed_is_read(&reader).await;
        self.a_post_is_marked_as_read(&reader, &post).await;
        self.a_feed_that_fails_is_a_failed_job().await;
        self.what_nobody_can_read_is_a_dead_letter_and_no_harm_to_others(&source).await;
        let private = self.a_private_feed_is_read(&reader).await;
        self.the_schedule_polls_again(&source).await;
        let key = self.the_key_is_rotated();
        self.an_update_keeps_the_data(&reader, &post).await;
        self.what_is_sealed_comes_under_the_new_key(&key, &private).await;
        let trouble = self.cloud.run("trouble", &[]);
        let refused: Vec<_> =
            trouble.as_array().unwrap().iter().filter(|line| line.as_str().unwrap().contains("AccessDenied")).collect();
        assert!(refused.is_empty(), "a role lacks something: {refused:#?}");
    }

    /// The first administrator comes from the operator; a person registers and signs in.
    async fn someone_signs_up(&self) -> Gateway {
        let root = json!({ "email": "root@example.org", "password": "correct horse battery" });
        self.operator.post("/v1/bootstrap", root).await;
        let nobody = self.operator.with(String::new());
        assert_eq!(nobody.ask("GET", "/v1/subscriptions", &Value::Null).await.0, 401);
        let reader = json!({ "email": "reader@example.org", "password": "a long enough one" });
        nobody.post("/v1/users", reader.clone()).await;
        let session = nobody.post("/v1/sessions", reader).await;
        nobody.with(format!("Bearer {}", session["secret"].as_str().unwrap()))
    }

    /// A subscription to a feed with a post that is too long for its table: source and newest post.
    async fn a_feed_is_read(&self, reader: &Gateway) -> (String, String) {
        let long: String = (0..40_000_u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect();
        let entry =
            format!("<item><title>long</title><guid>long</guid><description>{long}</description></item></channel>");
        let feed = rss("herbs", 3).replace("</channel>", &entry);
        self.origin.on("/herbs.xml", move |seen| Reply::unless_known(seen, "\"1\"", Reply::ok(feed.clone())));
        let wish = json!({ "url": self.origin.url("/herbs.xml"), "title": "My herbs" });
        let made = reader.post("/v1/subscriptions", wish).await;
        let source = made["id"].as_str().or_else(|| made["subscription"]["id"].as_str());
        let source = source.unwrap_or_else(|| panic!("no id: {made}")).to_owned();
        let posts = reader
            .wait(&format!("/v1/sources/{source}/posts"), |page| {
                page["posts"].as_array().filter(|posts| posts.len() == 4).cloned()
            })
            .await;
        let id_of = |title: &str| {
            let post = posts.iter().find(|post| post["title"] == title).unwrap();
            post["id"].as_str().unwrap().to_owned()
        };
        let post = reader.get(&format!("/v1/posts/{}", id_of("long"))).await;
        assert!(post["content"].as_str().unwrap().len() > 100_000, "its content is in the bucket");
        (source, id_of("herbs 1"))
    }

    async fn a_post_is_marked_as_read(&self, reader: &Gateway, post: &str) {
        let unread = |page: &Value| page["posts"].as_array().unwrap().iter().any(|one| one["id"] == post);
        assert!(unread(&reader.get("/v1/posts?status=unread").await));
        reader.post("/v1/posts/marks", json!({ "mark": "read", "posts": [post] })).await;
        assert!(!unread(&reader.get("/v1/posts?status=unread").await));
    }

    async fn a_feed_that_fails_is_a_failed_job(&self) {
        self.origin.always("/gone.xml", Reply::status(500));
        let made = self.operator.post("/v1/sources", json!({ "url": self.origin.url("/gone.xml") })).await;
        let path = format!("/v1/sources/{}", made["id"].as_str().unwrap());
        let job = self
            .operator
            .wait(&path, |source| {
                let job = &source["last_finished_job"];
                job.is_object().then(|| job.clone())
            })
            .await;
        assert_eq!((job["status"].as_str(), job["error_code"].as_str()), (Some("FAILED"), Some("server_error")));
    }

    /// A message that is no JSON comes in one batch with a good one: the good one is done, the other dies, and can be sent again.
    async fn what_nobody_can_read_is_a_dead_letter_and_no_harm_to_others(&self, source: &str) {
        let (queue, dead, function) = (self.name("FetchSlow"), self.name("FetchSlowDead"), self.name("FetcherSlow"));
        self.cloud.run("hurry", &[queue]);
        self.cloud.run("mapping", &["off", function]);
        self.cloud.run("send", &[queue, "this is no JSON"]);
        self.origin.always("/good.xml", Reply::ok(rss("good", 1)));
        let made = self.operator.post("/v1/sources", json!({ "url": self.origin.url("/good.xml") })).await;
        self.cloud.run("mapping", &["on", function]);
        let path = format!("/v1/sources/{}", made["id"].as_str().unwrap());
        self.operator.wait(&path, |source| (source["post_count"] == 1).then_some(())).await;
        self.wait_for_depth(dead, 1).await;
        self.cloud.run("redrive", &[dead, queue]);
        assert_eq!(self.cloud.run("depth", &[dead]), 0);
        self.wait_for_depth(dead, 1).await;
        assert_eq!(self.operator.get(&format!("/v1/sources/{source}")).await["state"], "active");
    }

    async fn wait_for_depth(&self, queue: &str, depth: u64) {
        let mut pause = tokio::time::interval(Duration::from_millis(500));
        while self.cloud.run("depth", &[queue]) != depth {
            pause.tick().await;
        }
    }

    /// Within the minute, and then conditionally.
    async fn the_schedule_polls_again(&self, source: &str) {
        let path = format!("/v1/sources/{source}/jobs");
        let job = self
            .operator
            .wait(&path, |page| {
                let jobs = page["jobs"].as_array().unwrap().iter();
                jobs.clone().find(|job| job["reason"] == "scheduled" && job["status"] == "COMPLETED").cloned()
            })
            .await;
        assert_eq!(job["http_status"], 304);
        assert!(self.origin.requests("/herbs.xml").len() >= 2);
    }

    async fn an_update_keeps_the_data(&self, reader: &Gateway, post: &str) {
        self.cloud.run("update", &[&parameters("90").to_string()]);
        assert_eq!(self.cloud.run("variable", &[self.name("Api"), "FEEDMILL_RETENTION_DAYS"]), "90");
        assert_eq!(self.cloud.run("resources", &[])["Posts"], self.names["Posts"]);
        assert_eq!(reader.get(&format!("/v1/posts/{post}")).await["title"], "herbs 1");
    }
}

fn parameters(retention_days: &str) -> Value {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    json!({
        "Architecture": architecture,
        "MinIntervalMinutes": "15",
        "Registration": "open",
        "RetentionDays": retention_days,
    })
}
