//! Writes the report of a made-up session: `cargo run -p reports --example sample -- /tmp/report.html`, and the
//! same as JSON beside it.

#[path = "../tests/session/mod.rs"]
mod session;

use reports::Recorder;
use session::Session;
use std::error::Error;
use std::path::PathBuf;
use types::Nanos;

fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("usage: sample <file.html> [minutes]")?.into();
    let minutes: i64 = std::env::args().nth(2).map_or(Ok(150), |text| text.parse())?;
    let mut session = Session::new(7, &["ESH6"], Nanos::from_secs(60 * minutes));
    let mut recorder = Recorder::new(session::about(&["ESH6"]));
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    let report = recorder.finish(&session.engine, session::ending());
    std::fs::write(&path, report.to_html())?;
    std::fs::write(path.with_extension("json"), report.to_json())?;
    for (title, rows) in report.summary() {
        println!("\n{title}");
        for (label, value) in rows {
            println!("  {label:<26} {value}");
        }
    }
    Ok(())
}
