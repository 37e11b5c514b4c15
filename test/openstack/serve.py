"""Serves a service on loopback: serve.py keystone|glance PORT, serve.py barbican PORT PASTE.

The directory of its configuration is in the environment; Barbican reads .barbican of the home directory.
"""

import importlib
import sys
import warnings

warnings.filterwarnings("ignore")

from cheroot import wsgi  # noqa: E402

service, port, paste = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
# Keystone reads the arguments as its own.
del sys.argv[1:]
if paste:
    from paste import deploy

    application = deploy.loadapp(f"config:{paste[0]}")
else:
    application = importlib.import_module(f"{service}.wsgi.api").application
server = wsgi.Server(("127.0.0.1", port), application, numthreads=4, request_queue_size=64)
print("ready", flush=True)
try:
    server.start()
except KeyboardInterrupt:
    server.stop()
