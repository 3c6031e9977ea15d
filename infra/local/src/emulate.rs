//! `feedmill emulate`: only the AWS servers, for functions that run elsewhere.

use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use boot::aws::Aws;
use boot::clock::Clock;
use emulator::{Emulator, Where};
use tokio::sync::watch;

use crate::cli::EmulateArgs;
use crate::data::DataFolder;
use crate::names::{self, Choices};
use crate::show::say;
use crate::trouble::Trouble;
use crate::{front, install, listen, signals};

/// Runs them until a signal comes.
///
/// # Errors
/// [`Trouble::CannotStart`] when the data folder or the port cannot be used.
pub async fn emulate(args: &EmulateArgs, clock: Clock) -> Result<(), Trouble> {
    let mut signals = signals::listen()?;
    let listener = listen::on(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)), "--port")?;
    let data = DataFolder::open(&args.data.data).await?;
    let key = boot::key::load_or_create(&data.key_file()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
    let millis = Arc::clone(&clock);
    let emulator = Emulator::start(Where::Folder(data.path().to_owned()), Arc::new(move || millis().as_millis())).await;
    let emulator = emulator.map_err(|error| Trouble::CannotStart(error.to_string()))?;
    let ends = emulator.endpoints();
    let settings =
        names::settings(&ends.sqs, &Choices::default()).map_err(|error| Trouble::CannotStart(error.to_string()))?;
    install::install(&Aws::local(&ends.dynamodb, &ends.sqs, &ends.s3), emulator.sqs(), &settings, &key, clock())
        .await?;
    let front = format!("http://{}", listener.local_addr()?);
    say(&environment(&front, &data)?)?;
    let stopping = watch::Sender::new(false);
    let serving = listen::serve(listener, front::router(ends), stopping.subscribe(), listen::GRACE);
    tokio::join!(serving, async {
        signals.received().await;
        stopping.send_replace(true);
    });
    emulator.shutdown().await;
    Ok(())
}

/// What functions need, for a shell to read: `eval "$(...)"` or copy and paste.
fn environment(front: &str, data: &DataFolder) -> Result<String, Trouble> {
    let key = std::path::absolute(data.key_file())?;
    let mut lines = Vec::new();
    if std::io::stdout().is_terminal() {
        lines.push("# DynamoDB, SQS and S3 run here until Ctrl-C. In another terminal:".to_owned());
    }
    let aws = [
        ("AWS_ENDPOINT_URL", front.to_owned()),
        ("AWS_REGION", emulator::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        // The S3 server wants the same text as the key id.
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("FEEDMILL_KEY_FILE", key.display().to_string()),
    ];
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let all = aws.into_iter().chain(names::variables(front, &Choices::default()));
    lines.extend(all.map(|(name, value)| format!("export {name}={}", quoted(&value))));
    Ok(lines.join("\n"))
}
