#!/usr/bin/env python3
"""Load and faults of the server: uploads side by side, clients that send half, clients that read slowly, a full disk.

usage: benches/server_load.py [--program target/release/graphlume-server] [--uploads 1000] [--clients 50] [--write FILE.md]

Needs nothing but Python. The server runs on a free port with a folder of its own; what it should have kept is looked up
afterwards. The part with a full disk mounts a small file system in memory, for which it must be root.
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from machine import processor

EDGES = 10_000


class Server:
    """A server that ends with the block."""

    def __init__(self, program, folder, *options):
        command = [program, "--bind", "127.0.0.1:0", "--device", "cpu", "--data", folder, *options]
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "GRAPHLUME_LOG": "graphlume_server::serve=info,warn"})
        for line in self.process.stderr:
            if found := re.search(r"listening at http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        else:
            sys.exit("the server did not start")
        self.request("GET", "/health")
        self.start_secs = time.perf_counter() - start
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    def request(self, method, path, body=None, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def json(self, path):
        status, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def memory(self):
        """Memory now and at most, in MiB."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return [int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024 for key in ("VmRSS", "VmHWM")]

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def edges(seed, n=EDGES):
    rng = random.Random(seed)
    rows = (f"{rng.randrange(n // 4)},{rng.randrange(n // 4)}\n" for _ in range(n))
    return ("source,target\n" + "".join(rows)).encode()


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(p / 100 * len(values)))]


def uploads(server, n, clients):
    """`n` uploads, `clients` at a time; a client that is told to wait does."""
    bodies = [edges(seed) for seed in range(16)]
    left = iter(range(n))
    lock, taken, refused, kept = threading.Lock(), [], [0], []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        while True:
            with lock:
                i = next(left, None)
            if i is None:
                return
            while True:
                start = time.perf_counter()
                status, body = server.request("POST", f"/api/v1/datasets?name={i}.csv", bodies[i % 16], connection)
                if status == 201:
                    break
                assert status == 429, (status, body)
                with lock:
                    refused[0] += 1
                time.sleep(1)
            with lock:
                taken.append(time.perf_counter() - start)
                kept.append(json.loads(body)["id"])

    cpu, start = server.cpu(), time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - start
    assert server.json("/api/v1/datasets?limit=1")["total"] == n, "something was lost"
    for id in random.Random(1).sample(kept, min(50, n)):
        assert server.json(f"/api/v1/datasets/{id}")["n_edges"] == EDGES
    return [f"{n} uploads of {EDGES:,} edges, {clients} at a time",
            f"{n / wall:.0f} /s; p50 {statistics.median(taken) * 1e3:.0f} ms, p99 {percentile(taken, 99) * 1e3:.0f} ms, "
            f"CPU {(server.cpu() - cpu) / n * 1e3:.1f} ms each; {refused[0]} asked to wait; "
            f"at most {server.memory()[1]:.0f} MiB; all kept"]


def halves(server, n):
    """Clients that send half of what they promise and go."""
    before = server.json("/api/v1/datasets?limit=1")["total"]
    body = edges(0)
    for i in range(n):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            head = f"POST /api/v1/datasets?name=h.csv HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body[:random.randrange(len(body))])
            if i % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    deadline = time.time() + 30
    spool = os.path.join(server.folder, "spool")
    while os.listdir(spool) and time.time() < deadline:
        time.sleep(0.05)
    assert not os.listdir(spool), "half a file stayed"
    assert server.json("/api/v1/datasets?limit=1")["total"] == before, "half a dataset is listed"
    return [f"{n} clients that send half a body", "nothing listed, nothing left on the disk"]


def slow_readers(server, n):
    """Clients that ask for much and read next to nothing, while others go on."""
    status, body = server.request("POST", "/api/v1/datasets?name=big.csv", edges(0, 1_000_000))
    assert status == 201, body
    path = f"/api/v1/datasets/{json.loads(body)['id']}/download?table=edges&format=csv"
    before = server.memory()[0]
    readers = []
    for _ in range(n):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        readers.append(reader)
    time.sleep(2)
    taken = []
    for _ in range(200):
        start = time.perf_counter()
        server.request("GET", "/health")
        taken.append(time.perf_counter() - start)
    grown = server.memory()[0] - before
    for reader in readers:
        reader.close()
    return [f"{n} readers that do not read, of a table of 1,000,000 edges",
            f"others: p99 {percentile(taken, 99) * 1e3:.1f} ms; memory grew by {grown:.0f} MiB"]


def full_disk(program):
    """A disk that fills up: uploads are refused, and taken again once there is room."""
    name = "a full disk"
    if os.geteuid() != 0:
        return [name, "skipped: only root may mount"]
    folder = tempfile.mkdtemp()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder], stderr=subprocess.DEVNULL).returncode:
        return [name, "skipped: mount is not permitted"]
    try:
        with Server(program, folder) as server:
            kept, status = [], 201
            while status == 201:
                status, body = server.request("POST", "/api/v1/datasets?name=f.csv", edges(len(kept), 100_000))
                if status == 201:
                    kept.append(json.loads(body)["id"])
            assert status == 507, (status, body)
            assert server.json("/api/v1/datasets?limit=1")["total"] == len(kept)
            for id in kept:
                assert server.json(f"/api/v1/datasets/{id}")["n_edges"] == 100_000
            for id in kept[:3]:
                assert server.request("DELETE", f"/api/v1/datasets/{id}")[0] == 204
            assert server.request("POST", "/api/v1/datasets?name=f.csv", edges(0, 100_000))[0] == 201
            return [name, f"507 after {len(kept)} uploads, all of them whole; taken again once some were deleted"]
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="target/release/graphlume-server")
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--write", help="file for the table")
    args = parser.parse_args()
    folder = tempfile.mkdtemp()
    try:
        with Server(args.program, folder) as server:
            server.folder = folder
            rows = [["start, until /health answers", f"{server.start_secs * 1e3:.0f} ms"]]
            rows.append(uploads(server, args.uploads, args.clients))
            rows.append(halves(server, 100))
            rows.append(slow_readers(server, 20))
        rows.append(full_disk(args.program))
    finally:
        shutil.rmtree(folder)
    lines = ["| what | found |", "|---|---|", *(f"| {what} | {found} |" for what, found in rows)]
    text = f"{processor()}, {os.cpu_count()} cores.\n\n" + "\n".join(lines) + "\n"
    print(text)
    if args.write:
        with open(args.write, "w") as file:
            file.write(f"# Load and faults of the server\n\nMade by `benches/server_load.py`.\n\n{text}")


if __name__ == "__main__":
    main()
