//! What the user sees on standard error while a command works.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

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

    /// Shows that work of unknown length is going on, until the result is dropped.
    pub(crate) fn spinner(self, text: impl Into<String>) -> Spinner {
        if self.quiet || !self.terminal {
            return Spinner(None);
        }
        let bar = ProgressBar::new_spinner().with_message(text.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        Spinner(Some(bar))
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
pub(crate) struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Shows another text.
    pub(crate) fn say(&self, text: impl Into<String>) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.into());
        }
    }

    /// Prints something without being in its way.
    #[cfg(feature = "tables")]
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
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
