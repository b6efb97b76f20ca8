"""A foreign tus client (tuspy) uploads a photo, is killed half way, resumes, and the server serves it back.

Argument: one JSON object with url, token, file and sha256, as printed by `xuncha-sim tus-fixture`.
"""

import base64
import hashlib
import json
import os
import signal
import sys
import time
import urllib.request

import requests
from tusclient import client

world = json.loads(sys.argv[1])
headers = {"Authorization": "Bearer " + world["token"]}
size = os.path.getsize(world["file"])


def uploader(url=None):
    tus = client.TusClient(world["url"] + "/v1/blobs", headers=headers)
    return tus.uploader(
        world["file"], chunk_size=8 * 1024, metadata={"sha256": world["sha256"]}, url=url, upload_checksum=False
    )


def offset(url):
    answer = requests.head(url, headers={**headers, "Tus-Resumable": "1.0.0"}, timeout=10)
    answer.raise_for_status()
    return int(answer.headers["Upload-Offset"])


first = uploader()
url = first.create_url()
first.set_url(url)
first.offset = 0
child = os.fork()
if child == 0:
    while True:
        first.upload_chunk()
        time.sleep(0.02)
deadline = time.monotonic() + 60
while offset(url) < size // 4:
    if time.monotonic() > deadline:
        sys.exit("the first process never got a quarter through")
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
stopped = offset(url)
if not 0 < stopped < size:
    sys.exit(f"the upload was to be cut half way, it stands at {stopped} of {size}")
print(f"killed at {stopped} of {size} bytes")

second = uploader(url)
if second.offset < stopped:
    sys.exit(f"the upload went back from {stopped} to {second.offset}")
second.upload()
request = urllib.request.Request(f"{world['url']}/v1/blobs/{world['sha256']}", headers=headers)
served = urllib.request.urlopen(request, timeout=10).read()
if hashlib.sha256(served).hexdigest() != world["sha256"]:
    sys.exit("the server serves other bytes than were sent")
print(f"resumed at {second.offset if second.offset < size else stopped}, finished, {len(served)} bytes served back with the same hash")
