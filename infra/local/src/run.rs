//! From the command line to what it asks for.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anstyle::AnsiColor;
use boot::clock::{self, Clock};
use boot::logs;
use boot::settings::Vars;
use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::table::coloured;
use crate::trouble::Trouble;
use crate::{demo, emulate, key, migrate, parse, reader, show, stats, up, user};

/// Does what the command line says, and says on standard error, in one line, why not.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    logs::start(logs::Format::Text { colour: colour && std::io::stderr().is_terminal() }, &quiet(&cli));
    match command(cli, clock::system()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Closed) => ExitCode::SUCCESS,
        Err(trouble) => {
            use std::io::Write as _;
            let line = format!("{} {trouble}", coloured(AnsiColor::Red, "feedmill:").paint());
            // Where standard error is closed there is nobody to tell.
            drop(writeln!(anstream::stderr(), "{line}"));
            trouble.exit_code()
        }
    }
}

/// The demo tells what happens by itself: of the log, only what is wrong with Feedmill itself is shown, unless someone asks for more.
fn quiet(cli: &Cli) -> Vars {
    let vars = Vars::of_process();
    match (&cli.command, vars.get("FEEDMILL_LOG")) {
        (Some(Command::Demo(_)), None) => Vars::of([("FEEDMILL_LOG", "error")]),
        _ => vars,
    }
}

async fn command(cli: Cli, clock: Clock) -> Result<(), Trouble> {
    match cli.command.unwrap_or(Command::Up(cli.up)) {
        Command::Up(args) => Box::pin(up::up(&args, clock)).await,
        Command::Add(args) => reader::add(&args).await,
        Command::Import(args) => reader::import(&args).await,
        Command::Export(args) => reader::export(&args).await,
        Command::Subscriptions(args) => reader::subscriptions(&args).await,
        Command::Unsubscribe(args) => reader::unsubscribe(&args).await,
        Command::Read(args) => reader::read(&args, &clock).await,
        Command::Star(args) => reader::star(&args).await,
        Command::Sources(args) => show::sources(&args, &clock).await,
        Command::Jobs(args) => show::jobs(&args, &clock).await,
        Command::Posts(args) => reader::posts(&args, &clock).await,
        Command::Stats(args) => stats::stats(&args).await,
        Command::Migrate(args) => Box::pin(migrate::migrate(&args, clock)).await,
        Command::Parse(args) => parse::parse(&args, &clock).await,
        Command::User(command) => user::user(&command, &clock).await,
        Command::Key(command) => Box::pin(key::key(&command, clock)).await,
        Command::Demo(args) => Box::pin(demo::demo(&args, clock)).await,
        Command::Emulate(args) => Box::pin(emulate::emulate(&args, clock)).await,
    }
}
