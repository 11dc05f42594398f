//! Console commands against the test host.

use stackhost::testing::{Host, Run};
use stackhost::{Code, Command, Commands, Error, Result};

const COMMANDS: Commands = &[
    ("echo", echo),
    ("cat", cat),
    ("fail", fail),
    ("wrong", wrong),
    ("silent", silent),
    ("deaf", deaf),
    ("count", count),
    ("table", table),
];
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

fn silent(_: &mut Command) -> Result<u8> {
    Err(Error::new(Code::DENIED, ""))
}

fn deaf(c: &mut Command) -> Result<u8> {
    let _ = c.stdout.write("nobody reads this");
    Ok(0)
}

fn count(c: &mut Command) -> Result<u8> {
    let total = c.args[0].parse().map_err(|_| Error::invalid("count takes a number"))?;
    let mut bar = c.progress("numbers", total);
    for _ in 0..total {
        bar.add(1)?;
    }
    if c.args.len() > 1 {
        return Err(Error::invalid("stopped"));
    }
    bar.finish()?;
    Ok(0)
}

fn table(c: &mut Command) -> Result<u8> {
    c.stdout.table(&["n", "größe", "x"], &[["1", "a", "b"], ["100", "水水水水水水", ""]])?;
    c.stdout.table(&[], &[vec!["short"], vec!["a", "b"]])?;
    Ok(0)
}

#[test]
fn outcomes() {
    Host::new();
    let long = "0123456789".repeat(10_000);
    for (run, exit, stdout, stderr) in [
        (Run::new("echo", &["a", "b c", "é"]), 0, "a b c é\n", ""),
        (Run::new("echo", &[]), 0, "\n", ""),
        (Run::new("cat", &[]).stdin(long.clone()), 0, long.as_str(), ""),
        (Run::new("cat", &[]), 0, "", ""),
        (Run::new("fail", &[]), 3, "", "it failed\n"),
        (Run::new("wrong", &[]), 1, "", "wrong: something is wrong\n"),
        (Run::new("silent", &[]), 1, "", "silent: denied\n"),
        (Run::new("nothing", &[]), 127, "", "nothing: this module has no such command\n"),
        (Run::new("deaf", &[]), 0, "nobody reads this", ""),
        (Run::new("deaf", &[]).closed(), 1, "", "deaf: closed\n"),
        (Run::new("echo", &["x"]).closed(), 1, "", "echo: closed\n"),
        (Run::new("count", &["x"]), 1, "", "count: count takes a number\n"),
    ] {
        let ran = run.clone().send(COMMANDS);
        assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr.as_str()), (exit, stdout, stderr));
    }
}

#[test]
fn tables_have_columns() {
    let want = "n    größe   x\n1    a       b\n100  水水水水水水  \nshort\na      b\n";
    assert_eq!(Run::new("table", &[]).send(COMMANDS).stdout, want);
}

#[test]
fn progress_fits_the_terminal() {
    let err =
        |args: &[&str], columns| Run::new("count", args).columns(columns).send(COMMANDS).stderr;
    assert_eq!(err(&["250"], 0), "numbers: 250 done\n");
    assert_eq!(
        err(&["2"], 34),
        "\rnumbers [=======       ]  50% 1/2\rnumbers [==============] 100% 2/2\n"
    );
    assert_eq!(err(&["2"], 20), "\rnumbers  50% 1/2\rnumbers 100% 2/2\n");
    assert_eq!(err(&["1"], 10), "\rnumbers 1\n");
    assert_eq!(err(&["0"], 80), "\rnumbers 0\n");
    assert_eq!(err(&["1", "stop"], 20), "\rnumbers 100% 1/1\ncount: stopped\n");
    let many = err(&["100000"], 80);
    assert!(many.matches('\r').count() <= 102, "{} lines", many.matches('\r').count());
    assert!(many.split('\r').all(|line| line.trim_end_matches('\n').chars().count() < 80));
}
