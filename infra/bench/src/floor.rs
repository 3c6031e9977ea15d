//! The floor under every poll: the bare conditional request, through the same client, with nothing around it.

use crate::Outcome;
use crate::measure::{Cost, Watch};
use crate::web::Web;
use domain::response::Validators;
use fetch::{Fetcher, Reach, Request, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const AT_ONCE: u64 = 100;

/// Asks each feed once more, a hundred at a time, with the validators that it gave.
pub(crate) async fn conditional_gets(web: &mut Web, feeds: u64) -> Outcome<Cost> {
    let settings =
        Settings { reach: Reach::with_private_networks(), ..Settings::new("0.0.0", "https://feedmill.example") };
    let fetcher = Fetcher::new(settings, boot::clock::system())?;
    let none = (0..feeds).map(|_| Arc::default()).collect();
    let known = ask_all(&fetcher, web, none).await?;
    let watch = Watch::start(web, None)?;
    ask_all(&fetcher, web, known).await?;
    watch.stop("bare conditional GET", feeds, web)
}

async fn ask_all(fetcher: &Fetcher, web: &Web, known: Vec<Arc<Validators>>) -> Outcome<Vec<Arc<Validators>>> {
    let mut running = JoinSet::new();
    let mut found = known.clone();
    for (feed, validators) in (0..).zip(known) {
        if feed >= AT_ONCE {
            keep(&mut found, running.join_next().await)?;
        }
        let (fetcher, url) = (fetcher.clone(), web.url(feed));
        running.spawn(async move {
            let timeout = Duration::from_secs(20);
            let request = Request {
                url: &url,
                validators: &validators,
                timeout,
                subscribers: 0,
                source: "bench",
                start_by: None,
                login: None,
            };
            fetcher.get(&request).await.map(|response| (feed, response.validators))
        });
    }
    while let Some(done) = running.join_next().await {
        keep(&mut found, Some(done))?;
    }
    Ok(found)
}

type Answered = Result<Result<(u64, Validators), fetch::FetchError>, tokio::task::JoinError>;

fn keep(found: &mut [Arc<Validators>], answered: Option<Answered>) -> Outcome<()> {
    let Some(answered) = answered else { return Ok(()) };
    let (feed, validators) = answered??;
    if let Some(place) = found.get_mut(usize::try_from(feed)?) {
        *place = Arc::new(validators);
    }
    Ok(())
}
