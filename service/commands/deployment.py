"""What ``instep init --deploy`` writes: files to run Instep by systemd, Docker, or compose."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parents[1] / "starter" / "deploy"
_UNITS: Final = ("instep.service", "instep-web.service", "instep-worker@.service")
_BACKUP: Final = ("instep-backup.service", "instep-backup.timer", "backup.sh")
_IMAGE: Final = ("Dockerfile", ".dockerignore")
FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "systemd": (*_UNITS, *_BACKUP),
    "docker": _IMAGE,
    "compose": (*_IMAGE, "compose.yaml", "Caddyfile", "backup.sh"),
}
# Docker looks for its files beside instep.toml.
DEFAULT: Final = {"systemd": Path("systemd"), "docker": Path(), "compose": Path()}
NEXT: Final = {
    "systemd": """\
Wrote units and backup.sh to {directory}. They expect the program in /opt/instep, and
instep.toml, .env and the mappings in /etc/instep, readable for the user instep. As root:

  useradd --system --home-dir /var/lib/instep --shell /usr/sbin/nologin instep
  cp {quoted}/backup.sh /etc/instep/    # unless it was written there
  cp {quoted}/instep.service {quoted}/instep-backup.* /etc/systemd/system/
  systemctl daemon-reload
  systemctl enable --now instep.service instep-backup.timer

Put a proxy with TLS before 127.0.0.1:8000. On several machines take instep-web.service
and instep-worker@.service instead of instep.service.
""",
    "docker": """\
Wrote Dockerfile and .dockerignore to {directory}.

  docker build -t instep {quoted}
  docker run --init -p 127.0.0.1:8000:8000 --env-file .env -v instep-data:/data instep

The disk of a container ends with it. Without a volume on /data give it REDIS_URL, and set
spool_mb = 0 under [store] of instep.toml: what the store cannot take is then answered 503,
and its sender sends it again, instead of being lost with the spool.
""",
    "compose": """\
Wrote compose.yaml, Dockerfile, .dockerignore, Caddyfile and backup.sh to {directory}.
Set DOMAIN in .env, the name under which senders reach this machine, and
public_url = "https://DOMAIN" in instep.toml.

  docker compose up -d --build
  docker compose exec web instep status

The spool lies on the volume "spool". Where web has no such volume set spool_mb = 0 under
[store] of instep.toml.
""",
}


def files(kind: str) -> dict[str, str]:
    """Return the texts of the files for *kind*, a key of `FILES`, by name."""
    version = metadata.version("instep")
    # Stored under a plain name, so that no tool acts on it.
    paths = {name: _FOLDER / name.removeprefix(".") for name in FILES[kind]}
    return {n: path.read_text("utf-8").replace("{version}", version) for n, path in paths.items()}
