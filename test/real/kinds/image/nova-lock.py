# Takes the lock of a cache entry as nova-compute does: oslo.concurrency, an external lock with the prefix "nova-".
# Arguments: lock_path, entry. Prints "held", and holds it until its input ends.
import sys

from oslo_concurrency import lockutils

lock_path, entry = sys.argv[1:]
with lockutils.lock(entry, lock_file_prefix="nova-", external=True, lock_path=lock_path):
    print("held", flush=True)
    sys.stdin.read()
