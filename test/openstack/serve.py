"""Serves Keystone or Glance on loopback: serve.py keystone|glance PORT. The directory of its configuration is in the environment."""

import importlib
import sys
import warnings

warnings.filterwarnings("ignore")

from cheroot import wsgi  # noqa: E402

service, port = sys.argv[1], int(sys.argv[2])
# Keystone reads the arguments as its own.
del sys.argv[1:]
application = importlib.import_module(f"{service}.wsgi.api").application
server = wsgi.Server(("127.0.0.1", port), application, numthreads=4, request_queue_size=64)
print("ready", flush=True)
try:
    server.start()
except KeyboardInterrupt:
    server.stop()
