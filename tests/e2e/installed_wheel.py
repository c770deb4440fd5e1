"""
The wheel in an empty virtual environment, with its own dependencies and nothing of the tree:
``python -m tests.e2e.installed_wheel``. Needs a package index.

Configures a shop, checks it, and delivers the sample payload to the sandbox.
"""

import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = next(path for path in Path(__file__).parents if (path / "pyproject.toml").exists())
TIMEOUT = 20.0  # s


def install(folder):
    """Build the wheel as pip does, install it with its dependencies, and return its commands."""
    venv, wheels = folder / "venv", folder / "wheels"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)  # noqa: S603
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, ROOT], check=True)  # noqa: S603
    into = (*pip, "--python", venv / "bin" / "python", "install", "--no-compile")
    subprocess.run([*into, *wheels.iterdir()], check=True)  # noqa: S603
    return venv / "bin"


class Installed:
    """The command ``instep`` of *bin*, run in *folder* with nothing of this environment."""

    def __init__(self, bin_, folder):
        self.command = str(bin_ / "instep")
        self.folder = folder
        self.environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "HOME": str(folder)}

    def __call__(self, *arguments):
        """Return what the command prints; it has to exit with 0."""
        done = subprocess.run(  # noqa: S603
            [self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
        )
        if done.returncode:
            sys.exit(f"instep {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    @contextlib.contextmanager
    def started(self, *arguments):
        """Start the command for a while, and give the address that it prints first."""
        process = subprocess.Popen(  # noqa: S603
            [self.command, *arguments, "--bind", "127.0.0.1:0"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def answer(url, *, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


def deliver(folder, web, cms):
    """Send the sample payload, signed, and wait until the CMS shows its stock."""
    lines = (folder / ".env").read_text().splitlines()
    secrets = dict(line.split("=", 1) for line in lines if "=" in line)
    body = (folder / "stock.json").read_bytes()
    signature = hmac.new(secrets["ERP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    answer(f"{web}/webhooks/erp", data=body, **{"X-Signature": signature})
    items = f"{cms}/v2/collections/65f000000000000000000001/items"
    deadline = time.monotonic() + TIMEOUT
    while True:
        found = answer(items, Authorization=f"Bearer {secrets['WEBFLOW_TOKEN']}")["items"]
        stock = {item["fieldData"]["sku"]: item["fieldData"].get("stock") for item in found}
        if stock["P-0001"] == 7:
            return
        if time.monotonic() > deadline:
            sys.exit(f"the sample payload did not reach the CMS: {stock}")
        time.sleep(0.1)


def main():
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        bin_ = install(root)
        instep = Installed(bin_, root)
        version = instep("--version").strip()
        instep("init", "shop")
        instep("init", "--monitoring")
        shop = Installed(bin_, root / "shop")
        with shop.started("sandbox", "--products", "3") as cms:
            shop.environment["WEBFLOW_URL"] = cms
            with shop.started("up", "--processes", "1") as web:
                shop("check")
                deliver(root / "shop", web, cms)
    sys.stdout.write(f"{version}, from its wheel: the sample payload reached the CMS\n")


if __name__ == "__main__":
    main()
