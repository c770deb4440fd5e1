"""
The plain pipeline that Instep is measured against: Flask and RQ, one job and one PATCH per event.

Written as one would write it with care: proof checked in constant time, event ids de-duplicated,
a job that is retried on 429, 5xx and broken connections, waits as long as `Retry-After` says, a
session that is kept, JSON instead of pickle. It runs under the same server as Instep (granian,
two processes of four threads; without a front), with as many workers, on a Valkey as durable.

    python -m tests.benchmarks.plain web|worker    (its settings stand in the environment)
"""

import functools
import hashlib
import hmac
import json
import os
import sys

import redis
import requests
from flask import Flask, request
from rq import Queue, Retry, SimpleWorker
from rq.serializers import JSONSerializer

from service.sandbox.seeds.samples import PRODUCTS
from tests.benchmarks.rig import TOKEN

RETRIES = 10
INTERVALS = [1, 2, 4, 8, 15, 30, 60, 60, 60, 60]  # s
TIMEOUT = (3.0, 10.0)  # s: to connect, to read
DEDUPE = 86_400  # s


def store():
    return redis.Redis(unix_socket_path=os.environ["PLAIN_SOCKET"])


def create_app():
    app = Flask(__name__)
    client = store()
    queue = Queue("plain", connection=client, serializer=JSONSerializer)
    secret = os.environ["ERP_SECRET"].encode()

    @app.post("/webhooks/erp")
    def take():
        body = request.get_data(cache=False)
        found = hmac.new(secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(found, request.headers.get("X-Signature", "")):
            return {"status": "refused"}, 401
        event = json.loads(body)
        if client.set(f"seen:{event['id']}", 1, nx=True, ex=DEDUPE):
            data = event["data"]
            queue.enqueue(
                patch,
                data["item"],
                {"stock": data["qty"]},
                retry=Retry(max=RETRIES, interval=INTERVALS),
                result_ttl=0,
                failure_ttl=3600,
            )
        return {"status": "kept"}

    return app


@functools.cache
def session():
    made = requests.Session()
    made.trust_env = False
    made.headers["Authorization"] = f"Bearer {TOKEN}"
    return made


def patch(item, fields):
    """Send one PATCH. Raising makes RQ try again."""
    url = f"{os.environ['CMS_URL']}/v2/collections/{PRODUCTS}/items/{item}/live"
    answer = session().patch(url, json={"fieldData": fields}, timeout=TIMEOUT)
    if answer.status_code == 429:
        return Retry(max=RETRIES, interval=int(answer.headers.get("Retry-After", 10)))
    answer.raise_for_status()
    return None


def serve():
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        target="tests.benchmarks.plain:create_app",
        factory=True,
        address="127.0.0.1",
        port=int(os.environ["PLAIN_PORT"]),
        interface=Interfaces.WSGI,
        workers=2,
        blocking_threads=4,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()


def work():
    queue = Queue("plain", connection=store(), serializer=JSONSerializer)
    SimpleWorker([queue], connection=store(), serializer=JSONSerializer).work(
        with_scheduler=True, logging_level="ERROR"
    )


if __name__ == "__main__":
    {"web": serve, "worker": work}[sys.argv[1]]()
