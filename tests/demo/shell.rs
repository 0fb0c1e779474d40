//! Runs what the transcript shows, by a shell, letter by letter.

use crate::casting::Cast;
use crate::interrupt::Interrupt;
use crate::person::Person;
use crate::show;
use crate::stage::Stage;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Error, PipeReader, Read, Write, stdout};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A shell on the stage, and the person beside it.
pub struct Shell<'a> {
    pub stage: &'a Stage,
    pub person: Person<'a>,
    pub cast: Cast,
    pub interrupt: &'a Interrupt,
}

/// What became of a command.
pub struct Ran {
    /// What it said, where it was listened to.
    pub said: String,
    pub took: Duration,
}

impl Shell<'_> {
    /// Shows and runs a line. What it says comes out as it is said.
    pub fn run(&self, line: &str) -> Result<Ran, String> {
        self.perform(line, self.cast.scripted)
    }

    /// The same for a line that should say nothing: it is listened to.
    pub fn run_silent(&self, line: &str) -> Result<Ran, String> {
        let ran = self.perform(line, true)?;
        if ran.said.is_empty() { Ok(ran) } else { Err(format!("`{line}` should have been silent")) }
    }

    fn perform(&self, line: &str, listen: bool) -> Result<Ran, String> {
        if self.interrupt.came() {
            return Err("interrupted".to_owned());
        }
        show::command(line);
        let cannot = |error: Error| format!("`{line}` could not be started: {error}");
        let begun = Instant::now();
        let mut command = self.command(line).map_err(cannot)?;
        let ear = if listen { Some(Ear::on(&mut command).map_err(cannot)?) } else { None };
        if ear.is_none() {
            share_stdout(&mut command).map_err(cannot)?;
        }
        let child = command.spawn().map_err(cannot)?;
        // The pipe ends when its last writer does.
        drop(command);
        let status = self.watch(child, ear.as_ref())?;
        let took = begun.elapsed();
        let said = ear.map(Ear::close).unwrap_or_default();
        if status.success() { Ok(Ran { said, took }) } else { Err(format!("this step failed ({status}): {line}")) }
    }

    fn command(&self, line: &str) -> Result<Command, Error> {
        let mut command = if self.cast.scripted {
            let mut detached = Command::new(std::env::current_exe()?);
            detached.arg(WITHOUT_TERMINAL).arg(line);
            detached
        } else {
            shell(line)
        };
        self.stage.dress(&mut command);
        command.stdin(Stdio::null());
        Ok(command)
    }

    /// Waits for the end, while the person looks around.
    fn watch(&self, mut child: Child, ear: Option<&Ear>) -> Result<ExitStatus, String> {
        loop {
            let ended = child.try_wait().map_err(|error| format!("a step was lost: {error}"))?;
            if let Some(status) = ended {
                return Ok(status);
            }
            let looked = if self.interrupt.came() {
                Err("interrupted".to_owned())
            } else {
                self.person.look(&ear.map(Ear::heard).unwrap_or_default())
            };
            if let Err(why) = looked {
                end(&mut child);
                return Err(why);
            }
            std::thread::sleep(A_MOMENT);
        }
    }
}

/// Becomes a shell that no terminal belongs to, so that a script is never taken for a person.
pub fn without_terminal(line: &str) -> ExitCode {
    // It fails only for the leader of a group, which a child of ours is not.
    _ = rustix::process::setsid();
    show::complain(&shell(line).exec().to_string());
    ExitCode::from(127)
}

fn shell(line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line);
    shell
}

/// Everything goes where the transcript goes, in its order.
fn share_stdout(command: &mut Command) -> Result<(), Error> {
    for set in [Command::stdout::<Stdio>, Command::stderr::<Stdio>] {
        set(command, stdout().as_fd().try_clone_to_owned()?.into());
    }
    Ok(())
}

/// Repeats what a command says, and remembers it.
struct Ear {
    heard: Arc<Mutex<String>>,
    thread: JoinHandle<()>,
}

impl Ear {
    fn on(command: &mut Command) -> Result<Self, Error> {
        let (reader, writer) = std::io::pipe()?;
        command.stderr(writer.try_clone()?).stdout(writer);
        let heard = Arc::new(Mutex::default());
        let shared = Arc::clone(&heard);
        Ok(Self { heard, thread: std::thread::spawn(move || listen(reader, &shared)) })
    }

    fn heard(&self) -> String {
        self.heard.lock().map(|heard| heard.clone()).unwrap_or_default()
    }

    fn close(self) -> String {
        _ = self.thread.join();
        self.heard.lock().map(|heard| heard.clone()).unwrap_or_default()
    }
}

fn listen(mut reader: PipeReader, heard: &Mutex<String>) {
    let mut some = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut some) {
        _ = stdout().write_all(&some[..count]).and_then(|()| stdout().flush());
        if let Ok(mut heard) = heard.lock() {
            heard.push_str(&String::from_utf8_lossy(&some[..count]));
        }
    }
}

/// Ends a command and everything it started, and waits until it has ended.
fn end(child: &mut Child) {
    for pid in family(child.id()) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            _ = kill_process(pid, Signal::TERM);
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(A_MOMENT);
    }
    _ = child.kill();
    _ = child.wait();
}

/// A process and its descendants, from `/proc`, elders first.
fn family(elder: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| parent(&entry)).collect();
    let mut family = vec![elder];
    let mut next = 0;
    while let Some(&one) = family.get(next) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(pid, _)| *pid));
        next += 1;
    }
    family
}

/// A process and its parent: the second field after the name, which stands in brackets (`proc_pid_stat(5)`).
fn parent(entry: &std::fs::DirEntry) -> Option<(u32, u32)> {
    let pid = entry.file_name().to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    Some((pid, parent))
}

/// First argument of a copy of this program that becomes a shell.
pub const WITHOUT_TERMINAL: &str = "--without-terminal";
const A_MOMENT: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(5);
