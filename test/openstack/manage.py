"""Makes an empty Keystone: manage.py CONFIGURATION USER GROUP PASSWORD. Every command of keystone-manage takes seconds to load what all of them need."""

import os
import sys

from keystone.cmd import manage

configuration, user, group, password = sys.argv[1:]
owner = ["--keystone-user", user, "--keystone-group", group]
url = "http://keystone.invalid/v3"
for command in (
    ["db_sync"],
    ["fernet_setup", *owner],
    ["credential_setup", *owner],
    ["bootstrap", "--bootstrap-password", password, "--bootstrap-region-id", "RegionOne"]
    + ["--bootstrap-public-url", url, "--bootstrap-internal-url", url],
):
    child = os.fork()
    if child == 0:
        sys.argv = ["keystone-manage", "--config-file", configuration, *command]
        manage.main()
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"keystone-manage {command[0]} failed")
