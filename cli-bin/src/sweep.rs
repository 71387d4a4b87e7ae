//! `graphlume sweep`: methods × datasets × parameters × seeds.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use graphlume::gad::run::Budget;
use graphlume::gad::sweep::{
    InProcess, Plan, Processes, RunOptions, Spec, SweepReport, TrialRunner,
};
use graphlume::graph::{Control, Progress};
use serde_json::json;

use crate::executor::ExecutorArgs;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{count, print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume sweep`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to run, in TOML
    file: PathBuf,
    /// Folder for records and scores; what is there already does not run again. By default `sweeps/NAME`
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Say what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Run trials again that failed, took too long or took too much
    #[arg(long)]
    retry_failed: bool,
    /// Run detectors in this process: quicker, but without limits of memory, and without knowing what
    /// each took
    #[arg(long)]
    in_process: bool,
    /// Trials at a time, instead of what the file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    parallel: Option<u16>,
    #[command(flatten)]
    executor: ExecutorArgs,
    /// Print JSON
    #[arg(long, help_heading = None)]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let mut spec = Spec::read(&args.file)?;
    if let Some(parallel) = args.parallel {
        spec.limits.parallel = parallel.into();
    }
    if args.in_process && spec.limits.memory.is_some() {
        bail!(
            "{}: `memory` cannot be kept to with --in-process, where trials share the memory of this process",
            args.file.display()
        );
    }
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("sweeps").join(&spec.name));
    let plan = {
        let _spinner = messages.spinner("reading datasets");
        Plan::new(spec).with_context(|| args.file.display().to_string())?
    };
    let options = RunOptions { retry_failed: args.retry_failed };
    if args.dry_run {
        let missing = plan.missing(&out, options)?;
        if args.json {
            let trials: Vec<_> =
                plan.trials.iter().map(|trial| json!({"id": trial.id(), "trial": trial})).collect();
            print_json(&json!({"trials": trials, "missing": missing.len(), "unfit": plan.unfit}))?;
        } else {
            print(planned(&plan, missing.len()).as_bytes())?;
        }
        return Ok(Outcome::Done);
    }
    for unfit in &plan.unfit {
        messages
            .say(format!("{} does not run over {}: {}", unfit.method, unfit.dataset, unfit.reason));
    }
    let missing = plan.missing(&out, options)?.len();
    let deferred = Deferred::begin();
    let steps = std::sync::Mutex::new(messages.steps(missing));
    let show = |progress: Progress| {
        if let Ok(mut steps) = steps.lock() {
            steps.advance(progress.done as usize, || "trials".to_owned());
        }
    };
    let control = Control::default().reporting(&show).stopped_by(deferred.flag());
    let limits = &plan.spec.limits;
    let budget = Budget { time: limits.timeout, memory: limits.memory };
    let executor = args.executor.executor(None);
    let runner: Box<dyn TrialRunner> = match args.in_process {
        true => Box::new(InProcess::default()),
        false => Box::new(Processes::new(executor.as_ref(), crate::program()?, &out, budget)),
    };
    let report = plan.run(&out, runner.as_ref(), options, &control)?;
    drop(steps);
    if args.json {
        print_json(&report)?;
    }
    messages.say(format!("{}, in {}", summary(&report), out.display()));
    Ok(match (report.stopped, report.states.keys().all(|state| state == "completed")) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::No,
    })
}

/// How many trials there are, ran, and ended in what way.
fn summary(report: &SweepReport) -> String {
    let states: Vec<String> =
        report.states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    let known: usize = report.states.values().sum();
    let mut text = format!("{}: {}", count(report.n_trials, "trial"), states.join(", "));
    if known < report.n_trials {
        let _ = write!(text, ", {} missing", report.n_trials - known);
    }
    let _ = write!(text, "; {} ran now", report.n_ran);
    text
}

/// The trials of each method over each dataset, in lines.
fn planned(plan: &Plan, missing: usize) -> String {
    let mut text = String::new();
    let mut lines: Vec<(String, usize)> = Vec::new();
    for trial in &plan.trials {
        let settings = match trial.settings() {
            settings if settings.is_empty() => String::new(),
            settings => format!("  {settings}"),
        };
        let line = format!("{}  {}{settings}", trial.dataset, trial.label);
        match lines.last_mut().filter(|last| last.0 == line) {
            Some(last) => last.1 += 1,
            None => lines.push((line, 1)),
        }
    }
    for (line, n) in lines {
        let seeds = if n == 1 { String::new() } else { format!("  × {n} seeds") };
        let _ = writeln!(text, "{line}{seeds}");
    }
    for unfit in &plan.unfit {
        let _ = writeln!(text, "not {} over {}: {}", unfit.method, unfit.dataset, unfit.reason);
    }
    let (all, slots) = (count(plan.trials.len(), "trial"), plan.spec.limits.slots());
    let _ = writeln!(text, "{all}, {missing} to run, {slots} at a time");
    text
}
