#!/usr/bin/env python3
"""Load and faults of the server: what it takes, and that nothing is lost of what it has acknowledged.

usage: benches/server_load.py [--program target/release/graphlume-server] [--uploads 1000] [--clients 50]
                              [--only NAME …] [--write FILE.md] [--note TEXT]

uploads   many uploads at the same time, then SIGKILL
halves    clients that send half a body and go, or send half a body and say nothing more
readers   clients that read slowly, or not at all
disk      a disk that fills up; mounts a small file system in memory, for which it must be root
database  a PostgreSQL that is killed and comes back, three times; starts its own
layouts   SIGKILL while layouts move; they are threads of the server, so that nothing less kills one from outside

Needs nothing but Python. Each part has a server of its own, on a free port with a folder of its own. What was
acknowledged is read back at the end, and compared with what was sent, byte by byte; where the server was killed, from
one that was started anew. Many viewers of one layout are in server-bin/benches/viewers.rs.
"""

import argparse
import contextlib
import datetime
import functools
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from machine import processor
from server_process import (EDGES, Machine, Others, Postgres, Server, check_all, edges, in_parallel, latency)

BODIES = 16


@functools.cache
def body(i, n=EDGES):
    return edges(i % BODIES, n)


def uploads(start, args):
    """Uploads side by side; a client that is told to wait does."""
    left, lock, taken, refused, kept = iter(range(args.uploads)), threading.Lock(), [], [0], {}
    for i in range(BODIES):
        body(i)

    def client(_):
        connection = server.client()
        while True:
            with lock:
                i = next(left, None)
            if i is None:
                break
            begin = time.perf_counter()
            while True:
                status, answer = server.upload(str(i), body(i), connection)
                if status == 201:
                    break
                assert status == 429, (status, answer)
                with lock:
                    refused[0] += 1
                time.sleep(1)
            with lock:
                taken.append(time.perf_counter() - begin)
                kept[answer] = body(i)
        connection.close()

    with start() as server:
        cpu, begin = server.cpu(), time.perf_counter()
        in_parallel(args.clients, client)
        wall, cpu, memory = time.perf_counter() - begin, server.cpu() - cpu, server.memory()[1]
        server.kill()
        check_faults(server)
    with start() as server:
        listed = check_all(server, kept)
        check_faults(server)
    assert listed == len(kept) == args.uploads
    return [f"{args.uploads:,} uploads of {EDGES:,} edges, {args.clients} at a time; then SIGKILL",
            f"{args.uploads / wall:.1f} /s; {latency(taken)}; CPU {cpu / args.uploads * 1e3:.0f} ms each; {refused[0]} "
            f"answers of 429",
            memory, f"all {listed:,} read back from the next server, equal to what was sent"]


def halves(start, args):
    """Clients that send a part of what they promise, and go or fall silent."""
    n = 100

    def send(i, rng):
        client = socket.create_connection(("127.0.0.1", server.port))
        head = f"POST /api/v1/datasets?name=h.csv HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body(i))}\r\n\r\n"
        client.sendall(head.encode() + body(i)[:rng.randrange(len(body(i)))])
        return client

    with start() as server:
        status, first = server.upload("first", body(0))
        assert status == 201, first
        rng = random.Random(7)
        with Others(server, first, body(0)) as others:
            for i in range(n):
                client = send(i, rng)
                if i % 2:
                    # Closed by a reset.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
            assert server.spool_is_empty(30), "half a file stayed"
            silent, begin = [send(i, rng) for i in range(20)], time.perf_counter()
            heads = []
            for client in silent:
                client.settimeout(300)
                heads.append(client.recv(1 << 16).split(b"\r\n")[0].decode())
                client.close()
            secs = time.perf_counter() - begin
        assert all(head == "" or " 4" in head for head in heads), heads
        assert server.spool_is_empty(30), "half a file of somebody silent stayed"
        assert check_all(server, {first: body(0)}) == 1, "half a dataset is listed"
        check_faults(server)
        return [f"{n} clients that send a part of a body and go; {len(silent)} that fall silent",
                f"the silent ones were sent away after {secs:.0f} s (`{heads[0]}`); {others.found()}",
                server.memory()[1], "nothing is listed of them, nothing is left on the disk"]


def readers(start, args):
    """Clients that ask for much and read little, while others go on."""
    n, big = 20, edges(0, 1_000_000)

    def ask(buffer):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        return reader

    def slow(_):
        """Reads a part every 50 ms, to the end."""
        with ask(1 << 16) as reader:
            parts = []
            while part := reader.recv(1 << 16):
                parts.append(part)
                time.sleep(0.05)
        head, _, rest = b"".join(parts).partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0] and dechunked(head, rest) == big, "a slow reader read something else"

    with start() as server:
        status, dataset = server.upload("big", big)
        assert status == 201, dataset
        status, small = server.upload("small", body(0))
        assert status == 201, small
        path = f"/api/v1/datasets/{dataset}/download?table=edges&format=csv"
        before = server.memory()[0]
        with Others(server, small, body(0)) as others:
            stuck = [ask(4096) for _ in range(n)]
            begin = time.perf_counter()
            in_parallel(4, slow)
            secs = time.perf_counter() - begin
        grown = server.memory()[0] - before
        for reader in stuck:
            reader.close()
        assert server.spool_is_empty(30), "a file for a reader who has gone stayed"
        check_faults(server)
        return [f"{n} readers that do not read and 4 that read slowly, of a table of 1,000,000 edges ({len(big) / 1e6:.0f} MB)",
                f"the slow ones took {secs:.0f} s; memory grew by {grown:.0f} MiB; {others.found()}",
                server.memory()[1], "the slow ones read all of it"]


def dechunked(head, rest):
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    parts, at = [], 0
    while True:
        end = rest.index(b"\r\n", at)
        size = int(rest[at:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(rest[end + 2:end + 2 + size])
        at = end + 2 + size + 2


def disk(start, args):
    """A disk that fills up: uploads are refused and leave nothing; once there is room, they are taken again."""
    name = "a disk of 48 MB that fills up, 4 clients; then SIGKILL"
    if os.geteuid() != 0:
        return [name, "skipped: only root may mount", None, ""]
    folder = tempfile.mkdtemp()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", folder], stderr=subprocess.DEVNULL).returncode:
        os.rmdir(folder)
        return [name, "skipped: mount is not permitted", None, ""]
    kept, lock, refused = {}, threading.Lock(), []
    n = 50_000

    def client(i):
        for at in range(i, 10_000, 4):
            status, answer = server.upload(str(at), body(at, n))
            if status != 201:
                with lock:
                    refused.append((status, answer))
                return
            with lock:
                kept[answer] = body(at, n)

    def more():
        status, answer = server.upload("more", body(1, n))
        if status == 201:
            kept[answer] = body(1, n)
        return status

    try:
        with start(folder=folder) as server:
            in_parallel(4, client)
            full = len(kept)
            assert {status for status, _ in refused} == {507}, refused
            # Tried again and again, it neither takes room nor harms what is there.
            room = os.statvfs(folder).f_bfree
            again = {more() for _ in range(20)}
            assert again <= {507, 201}, again
            # A part of the database may have grown meanwhile, by 2 MiB at most; an upload that is kept takes less than 4.
            grown = 4096 * (room - os.statvfs(folder).f_bfree)
            assert grown <= (2 << 20) + (4 << 20) * (len(kept) - full), "what was refused took room"
            assert server.request("GET", "/health")[0] == 200
            memory = server.memory()[1]
            server.kill()
            check_faults(server, "StorageFull", "full")
        # What others write takes the last of it.
        with open(os.path.join(folder, "junk"), "wb", buffering=0) as junk, contextlib.suppress(OSError):
            while True:
                junk.write(bytes(4096))
        assert os.statvfs(folder).f_bfree == 0
        with start(folder=folder) as server:
            missing = set(kept) - set(server.listed())
            assert not missing, missing
            statuses = {more() for _ in range(3)}
            assert statuses == {507}, statuses
            # As many as make room for what is uploaded and downloaded below.
            for id in sorted(kept)[:20]:
                status, answer = server.request("DELETE", f"/api/v1/datasets/{id}")
                assert status == 204, (status, answer)
                del kept[id]
            os.remove(os.path.join(folder, "junk"))
            statuses = [more() for _ in range(3)]
            assert statuses == [201] * 3, statuses
            listed = check_all(server, kept)
            check_faults(server, "StorageFull", "full")
        return [name, f"507 after {full} uploads of {n:,} edges; the next server starts where not a byte is left; datasets "
                      f"can be deleted; once there is room, uploads are taken again", memory, f"all {listed} listed are whole"]
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def database(start, args):
    """A database that is killed while clients upload, and comes back."""
    name, rounds, down_secs = "a PostgreSQL that is killed three times for 3 s, 8 clients upload", 3, 3
    if not Postgres.programs():
        return [name, "skipped: PostgreSQL is not installed", None, ""]
    kept, lock, refused, back, end = {}, threading.Lock(), [], [], threading.Event()
    folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")

    def client(i):
        connection = server.client()
        while not end.is_set():
            begin = time.perf_counter()
            status, answer = server.upload(str(i), body(i), connection)
            with lock:
                if status == 201:
                    kept[answer] = body(i)
                else:
                    refused.append((status, answer, time.perf_counter() - begin))
            if status != 201:
                time.sleep(0.1)
        connection.close()

    def faults(_):
        try:
            for _ in range(rounds):
                wait_for_more(20)
                postgres.kill()
                time.sleep(down_secs)
                assert server.request("GET", "/health")[0] == 200
                postgres.start()
                begin = time.perf_counter()
                wait_for_more(1)
                back.append(time.perf_counter() - begin)
            wait_for_more(20)
        finally:
            end.set()

    def wait_for_more(n):
        goal, deadline = len(kept) + n, time.time() + 120
        while len(kept) < goal:
            assert time.time() < deadline, f"no more uploads are taken: {refused[-1:]}"
            time.sleep(0.005)

    try:
        with Postgres(folder) as postgres, start("--database", postgres.address) as server:
            in_parallel(9, lambda i: faults(i) if i == 8 else client(i))
            assert {status for status, *_ in refused} == {503}, [r for r in refused if r[0] != 503][:3]
            memory = server.memory()[1]
            listed = check_all(server, kept)
            server.kill()
            check_faults(server, "database")
            with start("--database", postgres.address, folder=server.folder) as server:
                check_all(server, kept)
        slowest = max(secs for *_, secs in refused)
        return [name, f"{len(refused)} answers of 503, the slowest after {slowest:.0f} s; uploads again "
                      f"{max(back):.1f} s after its start at the latest; `/health` answers meanwhile",
                memory, f"all {len(kept)} acknowledged, and {listed - len(kept)} of whose end the client did not hear, are whole"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def layouts(start, args):
    """SIGKILL while layouts move and places of some were kept."""
    n_layouts, rounds, n = 4, 5, 40_000
    steps, seen = 0, []

    def path(id):
        return f"/api/v1/datasets/{id}/layout"

    with start() as server:
        kept = {}
        for i in range(n_layouts):
            status, id = server.upload(str(i), body(i, n))
            assert status == 201, id
            kept[id] = body(i, n)
        folder = server.folder
        server.kill()
    places = {}
    for at in range(rounds):
        with start(folder=folder) as server:
            for id in kept:
                status, answer = server.request("POST", path(id), {"options": {"tolerance": 0}})
                assert status == 200, answer
            if at:
                seen.append(server.start_secs)
            deadline = time.time() + 120
            while any(server.json(path(id))["iteration"] < 5 for id in kept):
                assert time.time() < deadline, "the layouts do not move"
                time.sleep(0.02)
            # Each round keeps the places of one more, first while it moves, then at rest.
            id = sorted(kept)[at % n_layouts]
            status, answer = server.request("PUT", path(id) + "/positions")
            assert status == 204, answer
            status, answer = server.request("PATCH", path(id), {"state": "paused"})
            assert status == 200, answer
            status, answer = server.request("PUT", path(id) + "/positions")
            assert status == 204, answer
            status, places[id] = server.request("GET", path(id) + "/positions?format=csv")
            assert status == 200, places[id]
            steps += sum(server.json(path(id))["iteration"] for id in kept)
            memory = server.memory()[1]
            server.kill()
            check_faults(server)
        with start(folder=folder) as server:
            for id, before in places.items():
                status, after = server.request("GET", path(id) + "/positions?format=csv")
                assert (status, after) == (200, before), f"places of {id} are not those that were kept"
    with start(folder=folder) as server:
        check_all(server, kept)
        assert server.spool_is_empty(0)
        check_faults(server)
    return [f"{n_layouts} layouts of {n // 4:,} nodes and {n:,} edges that move; {rounds} times SIGKILL",
            f"{steps} steps in all; the next server answers within {max(seen) * 1e3:.0f} ms; layouts go on from the places "
            f"that were kept", memory, "all places whose keeping was acknowledged, and all datasets, are there"]


def check_faults(server, *expected):
    """That the log has no fault of the server's own; `expected` are words of what we did to it."""
    server.reader.join(timeout=0 if server.process.poll() is None else 10)
    faults = [fault for fault in server.faults if not any(word in fault for word in expected)]
    assert not faults, faults[:5]


PARTS = {"uploads": uploads, "halves": halves, "readers": readers, "disk": disk, "database": database, "layouts": layouts}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/graphlume-server")
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--cache-size", default="256M", help="of each server: memory for graphs that are held ready")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts to run; all if absent")
    parser.add_argument("--write", metavar="FILE", help="where to write the table")
    parser.add_argument("--note", default="", help="what there is to say of program and machine")
    args = parser.parse_args()

    rows, failed = [], []
    for name in args.only or PARTS:
        scratch = tempfile.mkdtemp()
        # All that are begun, so that none outlives a part that fails.
        begun, begin = [], time.perf_counter()

        def start(*options, folder=None):
            server = Server(args.program, folder or scratch, "--cache-size", args.cache_size, *options)
            begun.append(server)
            return server

        machine, own = Machine(), os.times()
        try:
            what, found, memory, kept = PARTS[name](start, args)
        except BaseException as error:
            failed.append(name)
            what, found, memory, kept = name, f"FAILED: {error!r}"[:600], None, ""
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            for server in begun:
                if server.process.poll() is None:
                    server.kill()
            shutil.rmtree(scratch, ignore_errors=True)
        times = os.times()
        own_secs = sum(times[:4]) - sum(own[:4])
        rows.append([what, found, "" if memory is None else f"{memory:.0f}", kept, f"{time.perf_counter() - begin:.0f}",
                     f"{machine.others(own_secs):.1f}"])
        print(json.dumps({"part": name, "row": rows[-1]}), flush=True)
    head = ["what", "found", "peak MiB", "what is kept", "s", "cores that others used"]
    lines = [head, ["---", "---", "--:", "---", "--:", "--:"], *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    print(table)
    if args.write and not failed:
        note = f" {args.note}" if args.note else ""
        with open(args.write, "w", encoding="utf-8") as file:
            file.write(f"# Load and faults of the server\n\n{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, by "
                       f"`benches/server_load.py`; server and clients on the same machine, `--cache-size {args.cache_size}`."
                       f"{note}\n\n{table}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
