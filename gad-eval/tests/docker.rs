//! Methods in containers and as services of a swarm, with engines that the tests start themselves.
//!
//! They need `dockerd` and a static `busybox` (Debian's docker.io and busybox-static), the rights of root, and for the
//! swarm `docker-registry`. Where these are missing the tests say so.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fmt::Display;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{SwarmInitRequest, SwarmJoinRequest};
use gad_eval::experiment::{Experiment, State, Status};
use gad_eval::method::Method;
use gad_eval::run::{
    Budget, DockerExecutor, Environment, Executor, Program, RunConfig, ServiceConfig,
    SwarmExecutor, remains, stop,
};
use graph_core::Control;
use serde_json::Value;

/// Results that any evaluation takes.
const RESULTS: &str = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, 0.4], "ground_truth": [0, 1, 0]}"#;

/// An image of one program, as there is no other to be had without a network.
const DOCKERFILE: &str = "FROM scratch\n\
    COPY busybox /bin/busybox\n\
    RUN [\"/bin/busybox\", \"--install\", \"/bin\"]\n\
    COPY main.sh results.json /src/\n\
    WORKDIR /src\n";

/// What the method does, as its parameter says.
const SCRIPT: &str = r#"
case "$_CASE" in
ok)
    echo to output
    echo to error >&2
    env >"$EXP/env.txt"
    ls "$DATA" >"$EXP/ls.txt"
    touch "$DATA/new" 2>"$EXP/touch.txt"
    ls /sys/class/net >"$EXP/net.txt"
    pwd >"$EXP/pwd.txt"
    i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done
    sleep 1 ;;
exit) exit 3 ;;
none) exit 0 ;;
deaf) trap '' TERM; echo started; while :; do sleep 0.1; done ;;
memory) head -c 90000000 /dev/zero | tail -c 90000000 | wc -c; exit 5 ;;
daemon) setsid sleep 300 & ;;
grow) exec tail -c 90000000 /dev/zero ;;
talk) echo first; yes 0123456789 | head -c 60000000; echo last ;;
sleep) echo started; sleep 300 ;;
gpu)
    # The shell hands no variable on whose name it could not have set.
    tr '\0' '\n' </proc/1/environ >"$EXP/env.txt"
    sleep 4 ;;
esac
cp results.json "$EXP/results.json"
"#;

/// A daemon that ends with the test.
struct Daemon {
    child: Child,
    root: PathBuf,
}

impl Daemon {
    /// Starts an engine with folders of its own below `root`, or says why there is none.
    fn start(root: &Path, more: &[&str]) -> Result<Self, String> {
        fs::create_dir_all(root).unwrap();
        let log = File::create(root.join("log")).unwrap();
        let path = |name: &str| root.join(name).display().to_string();
        let mut command = Command::new("dockerd");
        command.args(["--data-root", &path("data"), "--exec-root", &path("exec")]);
        command.args(["--pidfile", &path("pid"), "--host", &address(root)]);
        // Without a network of its own it changes nothing of the machine's.
        command.args(["--bridge=none", "--iptables=false", "--log-level=warn"]).args(more);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().map_err(|error| format!("dockerd: {error}"))?;
        let mut daemon = Self { child, root: root.to_owned() };
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            if connect(root).is_some() {
                return Ok(daemon);
            }
            let ended = daemon.child.try_wait().unwrap();
            if ended.is_some() || deadline < Instant::now() {
                let log = fs::read_to_string(root.join("log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or_default();
                return Err(format!("dockerd does not start here: {last}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn docker(&self) -> Docker {
        connect(&self.root).unwrap()
    }
}

/// The engine with folders below `root`, if it answers.
fn connect(root: &Path) -> Option<Docker> {
    wait(Docker::connect_with_host(&address(root)).ok()?.negotiate_version()).ok()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Why a test fails is often known to the engine alone.
            let log = fs::read_to_string(self.root.join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!("{}:", self.root.display());
            for line in &lines[lines.len().saturating_sub(40)..] {
                println!("    {line}");
            }
        }
        end(&mut self.child);
        // What a daemon could not take down any more.
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let ours = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in ours.filter(|mount| Path::new(mount).starts_with(&self.root)) {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
    }
}

fn address(root: &Path) -> String {
    format!("unix://{}", root.join("socket").display())
}

/// Ends a process by its number, and waits for it.
fn end(child: &mut Child) {
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if deadline < Instant::now() {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The answer of an engine.
fn wait<T>(request: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(request)
}

/// A program of the path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Why containers cannot be tested here.
fn obstacle() -> Option<String> {
    if std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) != 0 {
        return Some("only root may start dockerd".to_owned());
    }
    for (program, package) in [("dockerd", "docker.io"), ("busybox", "busybox-static")] {
        if find(program).is_none() {
            return Some(format!("{program} is not installed ({package})"));
        }
    }
    None
}

/// A share with methods, datasets, and room for experiments.
struct Place {
    root: PathBuf,
}

impl Place {
    fn new(root: &Path) -> Self {
        let place = Self { root: root.to_owned() };
        fs::create_dir_all(root.join("datasets/tiny")).unwrap();
        place.write("datasets/tiny/edges.csv", "src,dst\n0,1\n1,2\n");
        place.method("m", "COMMAND=sh main.sh\n_CASE=ok\n_GPU=0\n", DOCKERFILE);
        place
    }

    fn method(&self, name: &str, env: &str, dockerfile: &str) {
        let folder = self.path("methods").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(find("busybox").unwrap(), folder.join("busybox")).unwrap();
        for (file, text) in [
            (".env", env),
            ("Dockerfile", dockerfile),
            ("main.sh", SCRIPT),
            ("results.json", RESULTS),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn config(&self, method: &str, case: &str) -> RunConfig {
        let method = Method::read(&self.path("methods").join(method)).unwrap();
        let program = Program::Folder(Box::new(method));
        let mut config = RunConfig::new(program, self.path("datasets/tiny"));
        config.experiments = self.path("experiments");
        config.interval = Duration::from_millis(100);
        config.parameters = vec![("CASE".to_owned(), case.to_owned())];
        config.gpu = false;
        config.budget.time = Some(Duration::from_mins(2));
        config
    }
}

fn run(config: &RunConfig, executor: &dyn Executor) -> Experiment {
    let experiment = config.run(executor, &Control::NONE).unwrap();
    println!("  {} {:?}", experiment.name, experiment.status);
    experiment
}

fn text(experiment: &Experiment, name: &str) -> String {
    fs::read_to_string(experiment.folder.join(name)).unwrap_or_default()
}

fn error(experiment: &Experiment) -> &str {
    experiment.status.error.as_deref().unwrap_or_default()
}

/// The number of containers of an engine.
fn containers(docker: &Docker) -> usize {
    let options = bollard::query_parameters::ListContainersOptionsBuilder::default().all(true);
    wait(docker.list_containers(Some(options.build()))).unwrap().len()
}

#[test]
fn without_an_engine_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let method = folder.path().join("methods/m");
    fs::create_dir_all(&method).unwrap();
    fs::write(method.join(".env"), "COMMAND=true\n").unwrap();
    fs::write(folder.path().join("edges.csv"), "0,1\n").unwrap();
    let program = Program::Folder(Box::new(Method::read(&method).unwrap()));
    let mut config = RunConfig::new(program, folder.path().join("edges.csv"));
    config.experiments = folder.path().join("experiments");
    let address = format!("unix://{}/none", folder.path().display());
    let docker = DockerExecutor { address: address.clone(), ..DockerExecutor::default() };
    let swarm = SwarmExecutor { address: address.clone(), ..SwarmExecutor::default() };
    for executor in [&docker as &dyn Executor, &swarm] {
        let experiment = run(&config, executor);
        assert_eq!(experiment.status.status, State::Failed);
        let expected = format!("Docker: no engine answers at {address}: ");
        assert!(error(&experiment).starts_with(&expected), "{}", error(&experiment));
        assert!(executor.remains("nonsense").is_err());
    }
}

#[test]
fn methods_run_in_containers() {
    if let Some(obstacle) = obstacle() {
        println!("skipped: methods in containers: {obstacle}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let daemon = match Daemon::start(&folder.path().join("engine"), &[]) {
        Ok(daemon) => daemon,
        Err(obstacle) => return println!("skipped: methods in containers: {obstacle}"),
    };
    let place = Place::new(&folder.path().join("share"));
    let executor = DockerExecutor { address: address(&daemon.root), ..DockerExecutor::default() };
    completes(&place, &executor);
    ends_in_other_ways(&place, &executor);
    commands_and_contexts(&place, &executor);
    a_build_fails(&place, &executor);
    others_stop_it(&place, &executor);
    assert_eq!(containers(&daemon.docker()), 0, "a container is left");
}

fn completes(place: &Place, executor: &DockerExecutor) {
    let mut config = place.config("m", "ok");
    config.seed = Some(7);
    config.budget = Budget { memory: Some(64 << 20), ..config.budget };
    let experiment = run(&config, executor);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    assert_eq!(text(&experiment, "method_output.txt").matches("to ").count(), 2);
    let env = text(&experiment, "env.txt");
    let name = &experiment.name;
    for expected in [
        "DATA=/shared/datasets/tiny/\n",
        &format!("EXP=/shared/experiments/{name}/\n"),
        "METHOD_NAME=m\n",
        "COMMAND=sh main.sh\n",
        "_GPU=-1\n",
        "GRAFLAG_PARAMS=_CASE,_GPU\n",
        "SEED=7\n",
    ] {
        assert!(env.contains(expected), "{expected} in {env}");
    }
    assert_eq!(text(&experiment, "ls.txt"), "edges.csv\n");
    assert_eq!(text(&experiment, "pwd.txt"), "/src\n");
    assert!(text(&experiment, "touch.txt").contains("Read-only"));
    assert_eq!(text(&experiment, "net.txt"), "lo\n");
    let samples = text(&experiment, "resources.csv");
    assert!(2 < samples.lines().count(), "{samples}");
    let resources = experiment.status.resources.unwrap();
    let (memory, cpu) = (resources.peak_memory_mb.unwrap(), resources.cpu_secs.unwrap());
    assert!(0.0 < memory && memory < 64.0 && 0.0 < cpu && cpu < 60.0, "{memory} {cpu}");
    let environment = Environment::read(&experiment.folder).unwrap().unwrap();
    assert_eq!(environment.facts["image"], "m:latest");
    assert!(environment.facts["image_id"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(environment.facts["image_built"], true);
    assert_eq!(environment.command.as_deref(), Some("sh main.sh"), "the image has none");

    // The image is built once, for the same content.
    let built = |executor: &DockerExecutor| {
        let experiment = run(&place.config("m", "none"), executor);
        let environment = Environment::read(&experiment.folder).unwrap().unwrap();
        environment.facts["image_built"] == Value::Bool(true)
    };
    assert!(!built(executor));
    assert!(built(&DockerExecutor { build: true, ..executor.clone() }));
    place.write("methods/m/results.json", &format!("{RESULTS}\n"));
    assert!(built(executor));

    // A run that is repeated has the image that it had, whatever the folder says now.
    let again = ServiceConfig::read(&experiment.folder).unwrap().graphlume.unwrap();
    assert_eq!(again.settings, executor.settings());
    let mut config = place.config("m", "none");
    config.image.clone_from(&again.image);
    let repeated = run(&config, executor);
    let facts =
        |experiment: &Experiment| Environment::read(&experiment.folder).unwrap().unwrap().facts;
    assert_eq!(facts(&repeated)["image_id"], facts(&experiment)["image_id"]);
    assert_eq!(facts(&repeated)["image_built"], false);
    assert!(
        error(&repeated).starts_with("it exited with 0, but"),
        "its command is that of its .env"
    );
    config.image = Some(format!("sha256:{}", "0".repeat(64)));
    let gone = run(&config, executor);
    assert!(
        error(&gone).contains("does not have the image of the earlier run"),
        "{}",
        error(&gone)
    );
    assert!(!gone.folder.join("run.json").exists());
}

fn ends_in_other_ways(place: &Place, executor: &DockerExecutor) {
    let exit = run(&place.config("m", "exit"), executor);
    assert_eq!((exit.status.status, exit.status.exit_code), (State::Failed, Some(3)));
    // Making the container is not part of its time.
    let begin = Instant::now();
    let none = run(&place.config("m", "none"), executor);
    let (all, took) = (begin.elapsed().as_secs_f64() * 1e3, none.status.exec_time_ms.unwrap());
    assert!(0.0 < took && took < 0.8 * all, "{took} of {all}");
    assert_eq!(none.status.status, State::Failed);
    assert!(error(&none).starts_with("it exited with 0, but"), "{}", error(&none));

    let mut deaf = place.config("m", "deaf");
    deaf.budget.time = Some(Duration::from_secs(1));
    let begin = Instant::now();
    let deaf = run(&deaf, executor);
    assert_eq!(deaf.status.status, State::Timeout, "{:?}", deaf.status);
    // The grace of five seconds is over, and little more.
    assert!(begin.elapsed() < Duration::from_mins(1));
    assert_eq!(text(&deaf, "method_output.txt"), "started\n");

    let mut memory = place.config("m", "memory");
    memory.budget.memory = Some(40 << 20);
    let memory = run(&memory, executor);
    assert_eq!(memory.status.status, State::Oom, "{:?}", memory.status);
    assert!(error(&memory).contains("40.0 MiB"), "{}", error(&memory));

    let daemon = run(&place.config("m", "daemon"), executor);
    assert_eq!(daemon.status.status, State::Completed, "{:?}", daemon.status);

    let talk = run(&place.config("m", "talk"), executor);
    assert_eq!(talk.status.status, State::Completed, "{:?}", talk.status);
    let output = text(&talk, "method_output.txt");
    assert!(output.len() < 40_000_000, "{}", output.len());
    assert!(output.starts_with("first\n") && output.ends_with("last\n"));
}

fn commands_and_contexts(place: &Place, executor: &DockerExecutor) {
    // Its own command, of a file that only the share has; it brings a runner that writes what GraFlag's does.
    fs::create_dir_all(place.path("libs")).unwrap();
    place.write(
        "libs/graflag_runner",
        "echo \"$LIBS $SOURCE_CODE\"; echo timestamp >\"$EXP/resources.csv\"; sleep 0.3\n\
         echo '{\"status\": \"completed\", \"timestamp\": \"x\", \"method_name\": \"own\"}' >\"$EXP/status.json\"\n\
         cp results.json \"$EXP\"\n",
    );
    let dockerfile = "FROM m:latest\nARG GRAFLAG_LIBS\nARG SOURCE_CODE\nENV LIBS=$GRAFLAG_LIBS\n\
                      COPY libs/graflag_runner /src/\nCMD [\"sh\", \"graflag_runner\"]\n";
    place.method("own", "COMMAND=exit 9\nSOURCE_CODE=https://a/b\n_CASE=ok\n", dockerfile);
    let own = run(&place.config("own", "ok"), executor);
    assert_eq!(own.status.status, State::Completed, "{:?}", own.status);
    assert_eq!(text(&own, "method_output.txt"), "local https://a/b\n");
    assert_eq!(text(&own, "resources.csv"), "timestamp\n", "it has two writers");
    assert!(text(&own, "usage.csv").starts_with("timestamp,cpu_percent"));
    assert!(text(&own, "build.log").contains("GRAFLAG_LIBS=local"));

    // One that several methods share is built where it belongs, or taken as it is.
    place.method("shared", "COMMAND=sh main.sh\nIMAGE=m\n_CASE=ok\n", "FROM nowhere\n");
    let shared = run(&place.config("shared", "ok"), executor);
    assert_eq!(shared.status.status, State::Completed, "{:?}", shared.status);
    assert!(text(&shared, "env.txt").contains("METHOD_NAME=shared\n"));
    let mut config = place.config("shared", "ok");
    "v2".clone_into(&mut config.tag);
    let other = run(&config, executor);
    assert!(error(&other).starts_with("m:v2: there is no Dockerfile"), "{}", error(&other));

    place.method("bare", "_CASE=ok\n", DOCKERFILE);
    let bare = run(&place.config("bare", "ok"), executor);
    assert!(error(&bare).contains("neither its image nor its .env has a command"));
    let lost = DockerExecutor { network: "no-such-network".to_owned(), ..executor.clone() };
    let lost = run(&place.config("m", "ok"), &lost);
    assert_eq!(lost.status.status, State::Failed);
    assert!(error(&lost).contains("no-such-network"), "{}", error(&lost));
}

fn a_build_fails(place: &Place, executor: &DockerExecutor) {
    let dockerfile = "FROM m:latest\nRUN echo why it fails; exit 4\n";
    place.method("broken", "COMMAND=true\n_CASE=ok\n", dockerfile);
    let broken = run(&place.config("broken", "ok"), executor);
    assert_eq!(broken.status.status, State::Failed);
    assert!(error(&broken).contains("non-zero code: 4"), "{}", error(&broken));
    assert!(text(&broken, "build.log").contains("why it fails"));
    place.method("missing", "COMMAND=true\n_CASE=ok\n", "FROM m:latest\nCOPY none /\n");
    let missing = run(&place.config("missing", "ok"), executor);
    assert!(error(&missing).contains("none"), "{}", error(&missing));

    // A build that takes long is given up when that is asked for.
    place.method("slow", "COMMAND=true\n_CASE=ok\n", "FROM m:latest\nRUN sleep 300\n");
    let flag = std::sync::atomic::AtomicBool::new(false);
    let begin = Instant::now();
    let report = |_| {
        if Duration::from_secs(2) < begin.elapsed() {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let control = Control::default().reporting(&report).stopped_by(&flag);
    let slow = place.config("slow", "ok").run(executor, &control).unwrap();
    assert_eq!(slow.status.status, State::Stopped, "{:?}", slow.status);
    assert!(begin.elapsed() < Duration::from_mins(1));
    // The engine ends it by itself, soon after nobody waits for it.
}

/// Waits until an experiment has printed that it has started.
fn started(experiments: &Path) -> PathBuf {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let entries = fs::read_dir(experiments).into_iter().flatten().filter_map(Result::ok);
        let is_on = |folder: &PathBuf| {
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            read("method_output.txt") == "started\n" && read("run.json").contains("handle")
        };
        if let Some(folder) = entries.map(|entry| entry.path()).find(is_on) {
            return folder;
        }
        assert!(Instant::now() < deadline, "nothing starts");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn others_stop_it(place: &Place, executor: &dyn Executor) {
    let mut config = place.config("m", "sleep");
    config.experiments = place.path("stopped");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&config, executor));
        let folder = started(&config.experiments);
        assert_eq!(stop(&folder, &[executor], Duration::from_mins(1)).unwrap(), State::Stopped);
        assert_eq!(running.join().unwrap().status.status, State::Stopped);
    });

    // What a runner that is gone has left: another folder tells of the same container.
    config.experiments = place.path("left");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&config, executor));
        let folder = started(&config.experiments);
        let copy = place.path("left/exp__m__tiny__20000101_000000");
        fs::create_dir(&copy).unwrap();
        let record = fs::read_to_string(folder.join("run.json")).unwrap();
        let mut record: Value = serde_json::from_str(&record).unwrap();
        record["runner"]["started"] = 1.into();
        fs::write(copy.join("run.json"), record.to_string()).unwrap();
        Status::now(State::Running, "m").write(&copy).unwrap();
        assert_eq!(remains(&folder, &[executor]).unwrap(), 0, "its runner lives");
        assert_eq!(remains(&copy, &[executor]).unwrap(), 1);
        assert_eq!(stop(&copy, &[executor], Duration::from_secs(1)).unwrap(), State::Stopped);
        assert_eq!(remains(&copy, &[executor]).unwrap(), 0);
        let state = running.join().unwrap().status.status;
        assert_eq!(state, State::Failed, "it was ended under its runner's eyes");
    });
}

/// An address that nobody listens at, which another program may take before it is used.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What `begin` makes at an address that nobody listens at: another one, if that was taken meanwhile or it fails for a
/// reason that may pass.
fn at_free_address<T, E: Display>(
    mut begin: impl FnMut(&str) -> Result<T, E>,
) -> Result<T, String> {
    let mut last = String::new();
    for _ in 0..5 {
        match begin(&free_address()) {
            Ok(made) => return Ok(made),
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Err(last)
}

/// A registry that ends with the test.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    fn start(root: &Path, address: &str) -> Result<Self, String> {
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            root.join("registry").display()
        );
        let file = root.join("registry.yml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(find("docker-registry").unwrap());
        command.arg("serve").arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut registry = Self { child, address: address.to_owned() };
        let deadline = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(address).is_err() {
            let ended = registry.child.try_wait().unwrap();
            if ended.is_some() || deadline < Instant::now() {
                return Err("the registry does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The bridge that an engine makes for a swarm, which is removed if it was not there before.
struct Bridge {
    was_there: bool,
}

impl Bridge {
    const PATH: &str = "/sys/class/net/docker_gwbridge";
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if !self.was_there && Path::new(Self::PATH).exists() {
            let _ = Command::new("ip").args(["link", "delete", "docker_gwbridge"]).status();
        }
    }
}

/// Takes an engine out of the swarm that it may be in.
fn leave(daemon: &Daemon) {
    let options = bollard::query_parameters::LeaveSwarmOptionsBuilder::default().force(true);
    let _ = wait(daemon.docker().leave_swarm(Some(options.build())));
}

/// Makes a swarm of two engines, or says why there is none.
fn one_swarm(manager: &Daemon, worker: &Daemon) -> Result<(), String> {
    let at = at_free_address(|at| {
        let request = SwarmInitRequest {
            listen_addr: Some(at.to_owned()),
            advertise_addr: Some(at.to_owned()),
            ..SwarmInitRequest::default()
        };
        wait(manager.docker().init_swarm(request)).map(|_| at.to_owned())
    })
    .map_err(|error| format!("none can be made here: {error}"))?;
    let tokens = wait(manager.docker().inspect_swarm()).unwrap().join_tokens.unwrap();
    at_free_address(|own| {
        // One that was given up half way must not keep it from the next.
        leave(worker);
        let request = SwarmJoinRequest {
            listen_addr: Some(own.to_owned()),
            advertise_addr: Some(own.to_owned()),
            remote_addrs: Some(vec![at.clone()]),
            join_token: tokens.worker.clone(),
            ..SwarmJoinRequest::default()
        };
        wait(worker.docker().join_swarm(request))
    })
    .map_err(|error| format!("a second machine cannot join: {error}"))
}

#[test]
fn methods_run_on_a_swarm() {
    let registry = find("docker-registry").is_none().then_some("docker-registry is not installed");
    if let Some(obstacle) = obstacle().or(registry.map(str::to_owned)) {
        println!("skipped: methods on a swarm: {obstacle}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let _bridge = Bridge { was_there: Path::new(Bridge::PATH).exists() };
    let daemon = |name: &str, gpu: &str| {
        let resource = format!("--node-generic-resource=NVIDIA-GPU={gpu}");
        Daemon::start(&folder.path().join(name), &[&resource])
    };
    let (manager, worker) = match (daemon("one", "gpu0"), daemon("two", "gpu1")) {
        (Ok(manager), Ok(worker)) => (manager, worker),
        (Err(obstacle), _) | (_, Err(obstacle)) => {
            return println!("skipped: methods on a swarm: {obstacle}");
        }
    };
    let place = Place::new(&folder.path().join("share"));
    let mut executor =
        SwarmExecutor { address: address(&manager.root), ..SwarmExecutor::default() };
    let alone = run(&place.config("m", "ok"), &executor);
    assert!(error(&alone).contains("manages no swarm"), "{}", error(&alone));

    if let Err(obstacle) = one_swarm(&manager, &worker) {
        return println!("skipped: methods on a swarm: {obstacle}");
    }
    let registry = at_free_address(|address| Registry::start(folder.path(), address)).unwrap();
    executor.registry = Some(registry.address.clone());

    // Each machine has one GPU, so two that run at once are on different ones.
    let mut config = place.config("m", "gpu");
    config.gpu = true;
    let both = std::thread::scope(|scope| {
        let runs = [0, 1].map(|_| scope.spawn(|| run(&config, &executor)));
        runs.map(|run| run.join().unwrap())
    });
    let mut gpus = Vec::new();
    for experiment in &both {
        assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
        let env = text(experiment, "env.txt");
        let gpu = env.lines().find_map(|line| line.strip_prefix("DOCKER_RESOURCE_NVIDIA-GPU="));
        gpus.extend(gpu.map(str::to_owned));
        let environment = Environment::read(&experiment.folder).unwrap().unwrap();
        let image = environment.facts["service_image"].as_str().unwrap();
        assert!(image.starts_with(&format!("{}/m:latest@sha256:", registry.address)), "{image}");
    }
    gpus.sort();
    assert_eq!(gpus, ["gpu0", "gpu1"]);

    // One that is repeated has the image that it had, though the folder has changed.
    place.write("methods/m/results.json", &format!("{RESULTS}\n"));
    let old = ServiceConfig::read(&both[0].folder).unwrap().graphlume.unwrap();
    assert_eq!(old.settings, executor.settings());
    let mut config = place.config("m", "none");
    config.image.clone_from(&old.image);
    let repeated = run(&config, &executor);
    let image = |experiment: &Experiment| {
        let environment = Environment::read(&experiment.folder).unwrap().unwrap();
        environment.facts["service_image"].as_str().unwrap().to_owned()
    };
    assert_eq!(image(&repeated), image(&both[0]));

    let ok = run(&place.config("m", "ok"), &executor);
    assert_ne!(image(&ok), image(&both[0]));
    assert_eq!(ok.status.status, State::Completed, "{:?}", ok.status);
    assert_eq!(text(&ok, "method_output.txt").matches("to ").count(), 2);
    let exit = run(&place.config("m", "exit"), &executor);
    assert_eq!((exit.status.status, exit.status.exit_code), (State::Failed, Some(3)));
    // On another machine of the swarm it is told only if the first process is the one that is killed.
    let mut memory = place.config("m", "grow");
    memory.budget.memory = Some(40 << 20);
    let memory = run(&memory, &executor);
    assert_eq!(memory.status.status, State::Oom, "{:?}", memory.status);
    let mut deaf = place.config("m", "deaf");
    deaf.budget.time = Some(Duration::from_secs(8));
    assert_eq!(run(&deaf, &executor).status.status, State::Timeout);
    others_stop_it(&place, &executor);
    let services = wait(
        manager.docker().list_services(None::<bollard::query_parameters::ListServicesOptions>),
    );
    assert_eq!(services.unwrap().len(), 0, "a service is left");
    for daemon in [&worker, &manager] {
        leave(daemon);
    }
}
