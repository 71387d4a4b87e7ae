//! What the user sees on standard error while a command works.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::outcome::Outcome;

/// Whether and how messages are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    quiet: bool,
    terminal: bool,
}

impl Messages {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, terminal: std::io::stderr().is_terminal() }
    }

    /// Prints one line.
    pub(crate) fn say(self, line: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", line.as_ref());
        }
    }

    /// Says that a command was interrupted, and ends it.
    pub(crate) fn interrupted(self) -> Outcome {
        self.say("interrupted");
        Outcome::Interrupted
    }

    /// Shows that work of unknown length is going on, until the result is dropped: on a terminal at once, else by a line now and
    /// then, ever more rarely.
    pub(crate) fn spinner(self, text: impl Into<String>) -> Spinner {
        let text = text.into();
        Spinner(match (self.quiet, self.terminal) {
            (true, _) => Sign::Nothing,
            (false, true) => {
                let bar = ProgressBar::new_spinner().with_message(text);
                bar.enable_steady_tick(Duration::from_millis(100));
                Sign::Bar(bar)
            }
            (false, false) => Sign::Lines(Lines::begin(text, Lines::FIRST)),
        })
    }

    /// Shows how many of `total` steps are done.
    pub(crate) fn steps(self, total: usize) -> Steps {
        let start = Instant::now();
        let shown = match (self.quiet, self.terminal) {
            (true, _) => Shown::Nothing,
            (false, true) => {
                let bar = ProgressBar::new(total as u64);
                let style = "{bar:32.cyan/blue} {pos}/{len} steps  {per_sec}  ETA {eta}  {msg}";
                bar.set_style(ProgressStyle::with_template(style).expect("template should parse"));
                Shown::Bar(bar)
            }
            (false, false) => Shown::Lines { next: start + Steps::FIRST },
        };
        Steps { total, start, shown }
    }
}

/// A sign of life; gone when dropped.
#[derive(Debug)]
pub(crate) struct Spinner(Sign);

#[derive(Debug)]
enum Sign {
    Nothing,
    Bar(ProgressBar),
    Lines(Lines),
}

impl Spinner {
    /// Shows another text.
    pub(crate) fn say(&self, text: impl Into<String>) {
        match &self.0 {
            Sign::Nothing => {}
            Sign::Bar(bar) => bar.set_message(text.into()),
            Sign::Lines(lines) => lines.say(text.into()),
        }
    }

    /// Prints something without being in its way.
    #[cfg(feature = "tables")]
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match &self.0 {
            Sign::Bar(bar) => bar.suspend(print),
            Sign::Nothing | Sign::Lines(_) => print(),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Sign::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Lines on standard error, each twice as long after the one before it.
#[derive(Debug)]
struct Lines {
    text: Arc<Mutex<String>>,
    /// Dropped to end the thread that prints.
    alive: Option<Sender<()>>,
    printer: Option<JoinHandle<()>>,
}

impl Lines {
    /// Time before the first line.
    const FIRST: Duration = Duration::from_secs(5);

    /// Longest time between two lines.
    const LONGEST: Duration = Duration::from_mins(2);

    fn begin(text: String, first: Duration) -> Self {
        let text = Arc::new(Mutex::new(text));
        let (alive, is_over) = channel::<()>();
        let shown = text.clone();
        let printer = std::thread::spawn(move || {
            let (begin, mut pause) = (Instant::now(), first);
            while is_over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let text = shown.lock().map(|text| text.clone()).unwrap_or_default();
                eprintln!("{text}, after {:.0} s", begin.elapsed().as_secs_f64());
                pause = (2 * pause).min(Self::LONGEST);
            }
        });
        Self { text, alive: Some(alive), printer: Some(printer) }
    }

    /// Has another text from the next line on.
    fn say(&self, text: String) {
        if let Ok(mut shown) = self.text.lock() {
            *shown = text;
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(printer) = self.printer.take() {
            let _ = printer.join();
        }
    }
}

/// Steps done out of a known number: a bar on a terminal, else a line now and then.
#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    start: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { next: Instant },
}

impl Steps {
    /// Time before the first line where there is no terminal.
    const FIRST: Duration = Duration::from_secs(1);

    /// Time between two lines.
    const PAUSE: Duration = Duration::from_secs(5);

    /// `done` steps are done; `detail` says how things stand.
    pub(crate) fn advance(&mut self, done: usize, detail: impl FnOnce() -> String) {
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(detail());
            }
            Shown::Lines { next } => {
                if Instant::now() >= *next {
                    *next += Self::PAUSE;
                    let rate = done as f64 / self.start.elapsed().as_secs_f64();
                    let left = (self.total.saturating_sub(done)) as f64 / rate;
                    eprintln!(
                        "step {done}/{}  {rate:.1}/s  ETA {left:.0} s  {}",
                        self.total,
                        detail()
                    );
                }
            }
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_the_work() {
        let begin = Instant::now();
        let lines = Lines::begin("work".to_owned(), Duration::from_mins(10));
        drop(lines);
        assert!(begin.elapsed() < Duration::from_secs(10), "the printer was waited for");
    }
}
