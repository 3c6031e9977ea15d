//! The installation's key in AWS Systems Manager, against a server on loopback that speaks its wire and does what a test scripts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use boot::aws::Aws;
use boot::clock;
use boot::key::{Home, KeyError};
use boot::logs::causes;
use boot::settings::Vars;
use boot::ssm::SsmError;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// What the server holds, and what it does instead of its duty, call by call.
#[derive(Default)]
struct Ssm {
    value: Option<String>,
    kind: Option<String>,
    script: VecDeque<Instead>,
    calls: Vec<String>,
    /// Reads that do not see what is there yet.
    lag: usize,
    /// How far its clock is ahead, in seconds; it then refuses what is signed by another.
    ahead: i64,
}

#[derive(Clone, Copy)]
enum Instead {
    Answer(u16, &'static str, &'static str),
    /// It does its duty, and the answer gets lost.
    LoseAnswer,
    Nothing,
}

type Shared = Arc<Mutex<Ssm>>;

/// What the server answers: when by its clock, if that is wrong, and what.
type Told = (StatusCode, HeaderMap, Json<Value>);

async fn serve(State(ssm): State<Shared>, headers: HeaderMap, body: Bytes) -> Told {
    let ahead = ssm.lock().unwrap().ahead;
    let there = DateTime::from_secs(clock::now().as_millis() / 1_000 + ahead);
    let mut date = HeaderMap::new();
    if ahead != 0 {
        date.insert("date", there.fmt(Format::HttpDate).unwrap().parse().unwrap());
    }
    let signed = headers["x-amz-date"].to_str().unwrap();
    // 20260131T120000Z
    let (day, time) = signed.split_at(8);
    let text = format!("{}-{}-{}T{}:{}:{}Z", &day[..4], &day[4..6], &day[6..], &time[1..3], &time[3..5], &time[5..7]);
    let off = DateTime::from_str(&text, Format::DateTime).unwrap().secs() - there.secs();
    if off.abs() > 300 {
        let said = format!("Signature expired: {signed} is now earlier than some minutes ago");
        let body = json!({ "__type": "InvalidSignatureException", "message": said });
        ssm.lock().unwrap().calls.push("too late".to_owned());
        return (StatusCode::BAD_REQUEST, date, Json(body));
    }
    let (status, body) = does(ssm, headers, body).await;
    (status, date, body)
}

async fn does(ssm: Shared, headers: HeaderMap, body: Bytes) -> (StatusCode, Json<Value>) {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let signature = headers["authorization"].to_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=key/"), "{signature}");
    assert!(signature.contains("/eu-central-1/ssm/aws4_request"), "{signature}");
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(asked["Name"], "/feedmill/key");
    let mut ssm = ssm.lock().unwrap();
    ssm.calls.push(target.clone());
    let error = |status: u16, kind: &str, message: &str| {
        let body = json!({ "__type": format!("com.amazonaws.ssm#{kind}"), "message": message });
        (StatusCode::from_u16(status).unwrap(), Json(body))
    };
    let instead = ssm.script.pop_front().unwrap_or(Instead::Nothing);
    if let Instead::Answer(status, kind, message) = instead {
        return error(status, kind, message);
    }
    let answer = match target.as_str() {
        "AmazonSSM.GetParameter" => {
            assert_eq!(asked["WithDecryption"], true);
            match &ssm.value {
                Some(_) if ssm.lag > 0 => {
                    ssm.lag -= 1;
                    error(400, "ParameterNotFound", "")
                }
                Some(value) => (StatusCode::OK, Json(json!({ "Parameter": { "Value": value } }))),
                None => error(400, "ParameterNotFound", ""),
            }
        }
        "AmazonSSM.PutParameter" => {
            assert_eq!((&asked["Overwrite"], &asked["Type"]), (&json!(false), &json!("SecureString")));
            if ssm.value.is_some() {
                error(400, "ParameterAlreadyExists", "it exists")
            } else {
                ssm.value = Some(asked["Value"].as_str().unwrap().to_owned());
                ssm.kind = Some(asked["Type"].as_str().unwrap().to_owned());
                (StatusCode::OK, Json(json!({ "Version": 1, "Tier": "Standard" })))
            }
        }
        other => panic!("{other}"),
    };
    if matches!(instead, Instead::LoseAnswer) { error(502, "BadGateway", "") } else { answer }
}

struct World {
    ssm: Shared,
    aws: Aws,
    _serving: JoinSet<()>,
}

impl World {
    async fn new() -> Self {
        let ssm = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(serve)).with_state(Arc::clone(&ssm));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let vars = Vars::of([
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", url.as_str()),
        ]);
        Self { ssm, aws: Aws::from_vars(&vars).unwrap(), _serving: serving }
    }

    fn script(&self, steps: impl IntoIterator<Item = Instead>) {
        self.ssm.lock().unwrap().script.extend(steps);
    }

    async fn fingerprint(&self) -> Result<String, KeyError> {
        let vars = Vars::of([("FEEDMILL_KEY_PARAMETER", "/feedmill/key")]);
        let key = Home::from_vars(&vars)?.key(&self.aws, &clock::system()).await?;
        Ok(key.fingerprint())
    }

    fn calls(&self) -> usize {
        self.ssm.lock().unwrap().calls.len()
    }
}

#[tokio::test]
async fn who_needs_the_key_first_makes_it_and_everybody_reads_it() {
    let world = World::new().await;
    let made = world.fingerprint().await.unwrap();
    assert_eq!(world.calls(), 3, "looked, made, read");
    assert_eq!(world.fingerprint().await.unwrap(), made);
    assert_eq!(world.calls(), 4, "only read");
    assert_eq!(world.ssm.lock().unwrap().kind.as_deref(), Some("SecureString"));
}

#[tokio::test]
async fn two_at_once_make_one() {
    let world = World::new().await;
    let all = futures_util::future::join_all((0..8).map(|_| world.fingerprint())).await;
    let first = all[0].as_ref().unwrap();
    assert!(all.iter().all(|one| one.as_ref().unwrap() == first));
}

#[tokio::test]
async fn a_lost_answer_or_a_busy_service_changes_nothing() {
    for script in [
        vec![Instead::Answer(500, "InternalServerError", "")],
        vec![Instead::Nothing, Instead::LoseAnswer],
        vec![Instead::Nothing, Instead::Nothing, Instead::Answer(503, "ServiceUnavailable", "")],
    ] {
        let world = World::new().await;
        world.script(script);
        let told = world.fingerprint().await.unwrap();
        assert_eq!(world.fingerprint().await.unwrap(), told);
    }
}

#[tokio::test]
async fn what_somebody_made_an_instant_ago_is_waited_for() {
    let world = World::new().await;
    world.ssm.lock().unwrap().lag = 2;
    let told = world.fingerprint().await.unwrap();
    assert_eq!(world.fingerprint().await.unwrap(), told);
    world.ssm.lock().unwrap().lag = 100;
    let refused = world.fingerprint().await.unwrap_err();
    assert!(matches!(refused, KeyError::NotYet { .. }), "{refused}");
}

#[tokio::test]
async fn a_role_that_may_not_is_told_which_permission_it_lacks_and_where() {
    let world = World::new().await;
    let said = "User: arn:aws:sts::1:assumed-role/api is not authorized to perform: ssm:GetParameter on resource: \
                arn:aws:ssm:eu-central-1:1:parameter/feedmill/key";
    world.script([Instead::Answer(400, "AccessDeniedException", said)]);
    let refused = world.fingerprint().await.unwrap_err();
    assert!(matches!(&refused, KeyError::Parameter { source: SsmError::NotPermitted { .. }, .. }), "{refused}");
    let line = causes(&refused);
    assert!(line.starts_with("cannot use the SSM parameter /feedmill/key"), "{line}");
    assert!(line.contains("does not permit ssm:GetParameter") && line.contains(said), "{line}");
    assert_eq!(world.calls(), 1, "asking again would not help");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_set_by_the_answer() {
    for ahead in [7_200, -7_200] {
        let world = World::new().await;
        world.ssm.lock().unwrap().ahead = ahead;
        let made = world.fingerprint().await.unwrap();
        assert_eq!(world.fingerprint().await.unwrap(), made);
        assert_eq!(world.calls(), 2 * 4, "each twice");
    }
    // One that says so whatever time it is.
    let world = World::new().await;
    let said = "Signature expired: 20260131T120000Z is now earlier than 20260131T130000Z";
    world.script([Instead::Answer(400, "InvalidSignatureException", said); 2]);
    let refused = world.fingerprint().await.unwrap_err();
    assert!(matches!(&refused, KeyError::Parameter { source: SsmError::Unavailable { .. }, .. }), "{refused}");
    assert!(causes(&refused).contains(said), "{}", causes(&refused));
}

#[tokio::test]
async fn credentials_that_are_no_good_are_not_taken_for_a_missing_permission() {
    let world = World::new().await;
    world.script([Instead::Answer(400, "UnrecognizedClientException", "The security token is invalid")]);
    let refused = world.fingerprint().await.unwrap_err();
    assert!(matches!(&refused, KeyError::Parameter { source: SsmError::Refused { .. }, .. }), "{refused}");
    assert!(causes(&refused).ends_with("(status 400) The security token is invalid"), "{}", causes(&refused));
}

#[tokio::test]
async fn a_parameter_that_holds_no_key_is_refused_and_kept() {
    let world = World::new().await;
    world.ssm.lock().unwrap().value = Some("not a key".to_owned());
    let refused = world.fingerprint().await.unwrap_err();
    assert_eq!(refused.to_string(), "the SSM parameter /feedmill/key holds no key: restore it from its backup");
    assert_eq!(world.ssm.lock().unwrap().value.as_deref(), Some("not a key"));
}

#[test]
fn where_the_key_lives_is_a_setting_and_none_is_told() {
    let home = |name, value| Home::from_vars(&Vars::of([(name, value)]));
    assert_eq!(home("FEEDMILL_KEY_FILE", "/k").unwrap(), Home::File("/k".into()));
    assert_eq!(home("FEEDMILL_KEY_PARAMETER", "/k").unwrap(), Home::Parameter("/k".to_owned()));
    let wrong = home("FEEDMILL_KEY_PARAMETER", "my key").unwrap_err().to_string();
    assert!(wrong.starts_with("setting FEEDMILL_KEY_PARAMETER is wrong: "), "{wrong}");
    let refused = Home::from_vars(&Vars::default()).unwrap_err().to_string();
    assert!(refused.contains("FEEDMILL_KEY_PARAMETER") && refused.contains("FEEDMILL_KEY_FILE"), "{refused}");
}
