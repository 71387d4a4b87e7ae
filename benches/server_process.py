"""What the benches of the server share: a server, a PostgreSQL, clients, and what they find."""

import glob
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

EDGES = 10_000


class Server:
    """A server on a free port, which ends with the block."""

    def __init__(self, program, folder, *options):
        self.folder = folder
        command = [program, "--bind", "127.0.0.1:0", "--device", "cpu", "--data", folder, *options]
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "GRAPHLUME_LOG": "graphlume_server::serve=info,warn"})
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"listening at http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        else:
            sys.exit(f"the server did not start: {''.join(said)}")
        self.request("GET", "/health")
        self.start_secs = time.perf_counter() - start
        self.faults = []
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()

    def read_log(self):
        """Keeps what is the server's own fault; a full pipe would hold it up."""
        for line in self.process.stderr:
            if "panic" in line or "ERROR" in line:
                self.faults.append(line.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def kill(self):
        """SIGKILL: nothing of it can be caught."""
        self.process.kill()
        self.process.wait()

    def client(self, timeout=300):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, connection=None):
        headers = {"content-type": "application/json"} if isinstance(body, dict) else {}
        body = json.dumps(body) if isinstance(body, dict) else body
        own = connection is None
        connection = connection or self.client()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            if own:
                connection.close()

    def json(self, path):
        status, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def upload(self, name, body, connection=None):
        """Status and, of a dataset that was made, its id."""
        status, answer = self.request("POST", f"/api/v1/datasets?name={name}.csv", body, connection)
        return status, json.loads(answer)["id"] if status == 201 else answer

    def edges(self, dataset, connection=None):
        """Status and the table of edges, as it was sent."""
        return self.request("GET", f"/api/v1/datasets/{dataset}/download?table=edges&format=csv", None, connection)

    def listed(self):
        """Ids of all datasets."""
        found = []
        while True:
            page = self.json(f"/api/v1/datasets?limit=1000&offset={len(found)}")["datasets"]
            if not page:
                return found
            found.extend(dataset["id"] for dataset in page)

    def memory(self):
        """Memory now and at most, in MiB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            status = file.read()
        return [int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024 for key in ("VmRSS", "VmHWM")]

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def spool_is_empty(self, secs):
        """Whether nothing that is half written is left after so long."""
        spool, deadline = os.path.join(self.folder, "spool"), time.time() + secs
        while os.listdir(spool) and time.time() < deadline:
            time.sleep(0.05)
        return not os.listdir(spool)


class Postgres:
    """A PostgreSQL in a folder of its own, which ends with the block."""

    @staticmethod
    def programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        return found[-1] if found else None

    def __init__(self, folder):
        self.folder, self.data = folder, os.path.join(folder, "data")
        # It does not run as root.
        self.user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            os.chown(folder, 65534, 65534)
        self.run("initdb", "-D", self.data, "-U", "test", "-E", "UTF8", "--locale=C", "-A", "trust")
        self.start()

    def run(self, program, *arguments):
        subprocess.run([os.path.join(self.programs(), program), *arguments], check=True, cwd="/", stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}, **self.user)

    def start(self):
        command = [os.path.join(self.programs(), "postgres"), "-D", self.data, "-c", "listen_addresses=", "-c",
                   f"unix_socket_directories={self.folder}"]
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.process = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, "LC_ALL": "C"}, **self.user)
        deadline = time.time() + 120
        while not self.answers():
            assert time.time() < deadline and self.process.poll() is None, "PostgreSQL does not start"
            time.sleep(0.05)

    def answers(self):
        done = subprocess.run([os.path.join(self.programs(), "pg_isready"), "-q", "-h", self.folder], check=False)
        return done.returncode == 0

    def kill(self):
        """SIGKILL to all of its processes, as if their machine had gone."""
        main = self.process.pid
        with open(f"/proc/{main}/task/{main}/children") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in [main, *children]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        while any(is_alive(pid) for pid in children):
            time.sleep(0.01)

    @property
    def address(self):
        return f"postgres://test@{self.folder.replace('/', '%2F')}/postgres"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            # At once, as its data go too.
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=60)


class Others:
    """Somebody who goes on reading a dataset while something is wrong elsewhere: each answer must be right."""

    def __init__(self, server, dataset, body):
        self.server, self.dataset, self.body = server, dataset, body
        self.taken, self.wrong, self.end = [], [], threading.Event()
        self.thread = threading.Thread(target=self.read)

    def read(self):
        connection = self.server.client()
        while not self.end.is_set():
            start = time.perf_counter()
            try:
                status, body = self.server.edges(self.dataset, connection)
            except OSError as error:
                status, body = repr(error), b""
            self.taken.append(time.perf_counter() - start)
            if (status, body) != (200, self.body):
                self.wrong.append(status)
            self.end.wait(0.02)
        connection.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()

    def found(self):
        assert not self.wrong, self.wrong[:5]
        return f"{len(self.taken)} reads by somebody else: {latency(self.taken)}"


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def edges(seed, n=EDGES):
    """A table of edges, as the server writes it too."""
    rng = random.Random(seed)
    rows = (f"{rng.randrange(n // 4)},{rng.randrange(n // 4)}\n" for _ in range(n))
    return ("source,target\n" + "".join(rows)).encode()


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(p / 100 * len(values)))]


def latency(taken):
    return f"p50 {percentile(taken, 50) * 1e3:.0f} ms, p99 {percentile(taken, 99) * 1e3:.0f} ms"


def in_parallel(n, work):
    """Runs `work(i)` on `n` threads; the first that fails fails all."""
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def check_all(server, kept, clients=4):
    """That each of `kept`, ids and what was sent, is there with all its edges, and that all that is listed is whole."""
    left, lock, listed = iter(sorted(kept)), threading.Lock(), server.listed()
    missing = set(kept) - set(listed)
    assert not missing, f"{len(missing)} of {len(kept)} were lost: {sorted(missing)[:3]}"

    def check(_):
        connection = server.client()
        while True:
            with lock:
                dataset = next(left, None)
            if dataset is None:
                break
            status, body = server.edges(dataset, connection)
            assert status == 200, (dataset, status, body[:300])
            assert body == kept[dataset], f"dataset {dataset} is not what was sent"
        connection.close()

    in_parallel(clients, check)
    # Those of whose end their client did not hear.
    for dataset in set(listed) - set(kept):
        status, body = server.edges(dataset)
        assert status == 200, (dataset, status, body[:300])
    return len(listed)


class Machine:
    """What of the machine we had, and what others did meanwhile."""

    def __init__(self):
        self.start, self.wall = self.busy(), time.perf_counter()

    @staticmethod
    def busy():
        """Seconds that all cores together were busy, for anybody."""
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        idle, total = fields[3] + fields[4], sum(fields[:8])
        return (total - idle) / os.sysconf("SC_CLK_TCK")

    def others(self, own_secs):
        """Cores that were busy with something else than `own_secs` of processor's time, on average."""
        wall = time.perf_counter() - self.wall
        return max(0.0, (self.busy() - self.start - own_secs) / wall)
