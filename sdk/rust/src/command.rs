//! Console commands: what somebody runs with `stackhost run APP NAME`.

use crate::abi::{CommandRequest, CommandResult};
use crate::error::{Error, Result};
use crate::guest::{self, Answer};
use crate::{host, Body};
use std::{fmt, io};

/// The commands of a module: name and handler. A handler gives the exit code.
pub type Commands = &'static [(&'static str, fn(&mut Command) -> Result<u8>)];

/// A console command that runs.
#[derive(Debug)]
pub struct Command<'a> {
    /// The name that it was registered under.
    pub name: &'a str,
    /// What was written after the name.
    pub args: Vec<&'a str>,
    /// Standard input.
    pub stdin: Body<'a>,
    /// Standard output.
    pub stdout: Output,
    /// Standard error, for messages.
    pub stderr: Output,
    /// Width of the terminal that shows standard error; 0 when it is none.
    pub columns: usize,
    /// Id of this run, also in the host's records.
    pub id: &'a str,
    /// Milliseconds that were left when the run began.
    pub timeout_ms: u64,
}

impl<'a> Command<'a> {
    pub(crate) fn new(r: CommandRequest<'a>) -> Self {
        Command {
            name: r.name,
            args: r.args,
            stdin: Body::new(&[][..], r.stdin, None),
            stdout: Output::new(r.stdout),
            stderr: Output::new(r.stderr),
            columns: r.columns as usize,
            id: r.id,
            timeout_ms: r.timeout_ms,
        }
    }

    /// Starts a progress bar on standard error; with a total of 0 it only counts.
    pub fn progress(&self, label: &str, total: u64) -> Progress {
        let out = Output { handle: self.stderr.handle, failed: None };
        let label = label.to_string();
        Progress { out, label, total, done: 0, columns: self.columns, drawn: None, width: 0 }
    }

    pub(crate) fn run(&mut self, commands: Commands) -> u8 {
        let Some((_, work)) = commands.iter().find(|(name, _)| *name == self.name) else {
            let _ = writeln!(self.stderr, "{}: this module has no such command", self.name);
            return 127;
        };
        let ended = work(self).and_then(|exit| match self.stdout.failed.take() {
            Some(e) => Err(e), // the handler did not look
            None => Ok(exit),
        });
        ended.unwrap_or_else(|e| {
            let text = if e.text.is_empty() { e.code.name() } else { &e.text };
            let _ = writeln!(self.stderr, "{}: {text}", self.name);
            1
        })
    }
}

/// Runs a console command on an encoded request.
#[doc(hidden)]
pub fn command(request: &[u8], commands: Commands) -> Answer {
    guest::setup();
    let record = match CommandRequest::decode(request) {
        Ok(record) => record,
        Err(e) => return guest::failed(e.into()),
    };
    guest::begin(record.random, record.time_us);
    match Command::new(record).run(commands) {
        0 => Answer::Done,
        exit => guest::output(|out| CommandResult { exit: exit.into() }.encode(out)),
    }
}

/// Standard output or standard error. What is written arrives at once; `write!` and `writeln!` write one piece.
///
/// After an error every write gives that error, and the command fails with it.
#[derive(Debug)]
pub struct Output {
    handle: u32,
    failed: Option<Error>,
}

impl Output {
    fn new(handle: u64) -> Self {
        Output { handle: handle as u32, failed: None }
    }

    /// Writes all bytes.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        host::write(self.handle, bytes.as_ref()).inspect_err(|e| self.failed = Some(e.clone()))
    }

    /// What `write!` and `writeln!` call.
    pub fn write_fmt(&mut self, text: fmt::Arguments) -> Result<()> {
        match text.as_str() {
            Some(text) => self.write(text),
            None => self.write(text.to_string()),
        }
    }

    /// Writes rows in columns with two spaces between them; without a header when it is empty.
    pub fn table<R: AsRef<[S]>, S: AsRef<str>>(
        &mut self,
        header: &[&str],
        rows: &[R],
    ) -> Result<()> {
        let rows = rows.iter().map(|r| r.as_ref().iter().map(S::as_ref).collect::<Vec<_>>());
        let head = (!header.is_empty()).then(|| header.to_vec());
        let all: Vec<Vec<&str>> = head.into_iter().chain(rows).collect();
        let mut widths = Vec::new();
        for row in &all {
            for (i, cell) in row.iter().enumerate() {
                widths.resize(widths.len().max(i + 1), 0);
                widths[i] = widths[i].max(cell.chars().count());
            }
        }
        let mut text = String::new();
        for row in &all {
            for (i, cell) in row.iter().enumerate() {
                text += cell;
                if i + 1 < row.len() {
                    pad(&mut text, widths[i] + 2 - cell.chars().count());
                }
            }
            text.push('\n');
        }
        self.write(text)
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Output::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pad(text: &mut String, n: usize) {
    text.extend(std::iter::repeat(' ').take(n));
}

/// Widest bar, and the narrowest that is drawn.
const BAR: usize = 40;
const SHORTEST_BAR: usize = 10;

/// How far a command is, on standard error.
///
/// A terminal shows a line that is drawn again at each hundredth of the total: time stands still during a call. Elsewhere
/// there is one line at the end.
#[derive(Debug)]
pub struct Progress {
    out: Output,
    label: String,
    total: u64,
    done: u64,
    columns: usize,
    drawn: Option<u64>,
    width: usize, // of what was drawn
}

impl Progress {
    /// Adds to what is done.
    pub fn add(&mut self, n: u64) -> Result<()> {
        self.set(self.done.saturating_add(n))
    }

    /// Says how much is done.
    pub fn set(&mut self, done: u64) -> Result<()> {
        self.done = done;
        let due = match self.drawn {
            None => true,
            Some(drawn) => {
                let whole = if self.total > 0 { self.total } else { drawn };
                done < drawn || done - drawn >= (whole / 100).max(1)
            }
        };
        if self.columns == 0 || !due {
            return Ok(());
        }
        self.draw()
    }

    /// Draws the end and goes to the next line. Without it, the line stays as it was drawn last.
    pub fn finish(mut self) -> Result<()> {
        if self.columns == 0 {
            return writeln!(self.out, "{}: {} done", self.label, self.done);
        }
        if self.drawn != Some(self.done) {
            self.draw()?;
        }
        self.width = 0;
        self.out.write("\n")
    }

    fn draw(&mut self) -> Result<()> {
        let mut text = String::from("\r");
        let mut width = 0;
        for c in self.line().chars().take(self.columns.saturating_sub(1)) {
            text.push(c);
            width += 1;
        }
        pad(&mut text, self.width.saturating_sub(width));
        self.width = width;
        self.drawn = Some(self.done);
        self.out.write(text)
    }

    fn line(&self) -> String {
        let (label, done, total) = (&self.label, self.done, self.total);
        if total == 0 {
            return format!("{label} {done}");
        }
        let part = |of: u128| u128::from(done.min(total)) * of / u128::from(total);
        let count = format!("{:3}% {done:>1$}/{total}", part(100), total.to_string().len());
        let around = label.chars().count() + " [] ".len() + count.len();
        let room = self.columns.saturating_sub(1 + around).min(BAR);
        if room < SHORTEST_BAR {
            return format!("{label} {count}");
        }
        format!("{label} [{:room$}] {count}", "=".repeat(part(room as u128) as usize))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.width > 0 {
            let _ = self.out.write("\n"); // what is said next gets a line of its own
        }
    }
}
