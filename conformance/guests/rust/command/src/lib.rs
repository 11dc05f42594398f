//! The Rust guest for tests of console commands.

use stackhost::{Command, Commands, Error, Result};

const COMMANDS: Commands =
    &[("echo", echo), ("cat", cat), ("fail", fail), ("wrong", wrong), ("count", count)];
stackhost::commands!(COMMANDS);

fn echo(c: &mut Command) -> Result<u8> {
    writeln!(c.stdout, "{}", c.args.join(" "))?;
    Ok(0)
}

fn cat(c: &mut Command) -> Result<u8> {
    c.stdin.each(|piece| c.stdout.write(piece))?;
    Ok(0)
}

fn fail(c: &mut Command) -> Result<u8> {
    c.stderr.write("it failed\n")?;
    Ok(3)
}

fn wrong(_: &mut Command) -> Result<u8> {
    Err(Error::invalid("something is wrong"))
}

fn count(c: &mut Command) -> Result<u8> {
    let total = c.args.first().and_then(|n| n.parse::<u64>().ok());
    let total = total.ok_or_else(|| Error::invalid("count takes a number"))?;
    let mut bar = c.progress("numbers", total);
    for _ in 0..total {
        bar.add(1)?;
    }
    bar.finish()?;
    let row = |n: u64| [n.to_string(), (n * n).to_string()];
    let rows: Vec<_> = (1..=total.min(3)).map(row).collect();
    c.stdout.table(&["n", "square"], &rows)?;
    Ok(0)
}
