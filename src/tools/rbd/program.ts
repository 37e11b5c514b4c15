import { rbdOperations } from "./operations.ts";
import { rbdTransfers } from "./transfers.ts";

/**
 * What a session runs on the host: Python over Ceph's own bindings. A request is a line of JSON (`id`, `op`, `args`, or `cancel`
 * with an id), an answer one with that `id` and either `result`, `error` or, of what takes long, `progress` [done, total].
 * Constant text; configuration, user, and after how many seconds without a line the caller counts as gone (0: never) come
 * as arguments. Each request has a thread of its own: the bindings let the others
 * run meanwhile.
 */
export const rbdProgram = String.raw`
import base64, json, os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

# What a library prints by itself must not come between our lines.
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
answering = threading.Lock()

def answer(**message):
    line = json.dumps(message).encode() + b"\n"
    with answering:
        try:
            answers.write(line)
            answers.flush()
        except OSError:
            pass  # The reader has closed its end; the end of our input follows.

def describe(error, step):
    number = getattr(error, "errno", None)
    return {"step": step, "errno": None if number is None else abs(number), "message": str(error)}

class Trouble(Exception):
    def __init__(self, step, error):
        self.described = describe(error, step)

class Cancelled(Exception):
    pass

try:
    import rados, rbd
except ImportError as error:
    answer(id=None, error=describe(error, "bindings"))
    sys.exit(0)

SECONDS = "15"
OPTIONS = {"client_mount_timeout": SECONDS, "rados_mon_op_timeout": SECONDS, "log_to_stderr": "true", "log_file": ""}
SIDE_BY_SIDE = 8

connecting = threading.Lock()
cluster = None
pools = {}

def has_key(made):
    files = [path.strip() for path in made.conf_get("keyring").split(",")]
    return bool(made.conf_get("key") or made.conf_get("keyfile") or any(os.access(path, os.R_OK) for path in files))

def connected():
    global cluster
    with connecting:
        if cluster is None:
            step = "conf"
            try:
                made = rados.Rados(conffile=sys.argv[1], rados_id=sys.argv[2] or None, conf=OPTIONS)
                step = "connect"
                made.connect()
            except Exception as error:
                # Without a key it still tries, and what comes of that has many names. All that is asked for fails alike, at once.
                answer(id=None, error=describe(error, "keyring" if step == "connect" and not has_key(made) else step))
                os._exit(0)
            cluster = made
        return cluster

def pool(name):
    made = connected()
    with connecting:
        if name not in pools:
            try:
                pools[name] = made.open_ioctx(name)
            except Exception as error:
                raise Trouble("pool", error)
        return pools[name]

def opened(at, name, snapshot=None, look=False):
    return rbd.Image(pool(at), name, snapshot=snapshot, read_only=look)
${rbdOperations}${rbdTransfers}
OPERATIONS = {operation.__name__: operation for operation in (
    monitors, pool_names, room, names, look, info, read, snapshots, create, clone, change, rename, remove,
    create_snapshot, remove_snapshot, roll_back, import_file, export_file)}

class Task:
    def __init__(self, id):
        self.id = id
        self.cancelled = threading.Event()
        self.told = time.monotonic()

    def progress(self, done, total):
        now = time.monotonic()
        if now - self.told > 0.2:
            self.told = now
            answer(id=self.id, progress=[done, total])

ending = threading.Event()
heard = time.monotonic()
tasks = {}

def leave():
    """Running work gets a moment to end: an image that is left open counts as in use for half a minute."""
    ending.set()
    until = time.monotonic() + 30
    while tasks and time.monotonic() < until:
        time.sleep(0.02)
    os._exit(0)

def watch(silence):
    while time.monotonic() - heard < silence:
        time.sleep(1)
    leave()

def perform(task, op, args):
    try:
        result = OPERATIONS[op](task, **args)
        outcome = {"result": result}
    except Trouble as trouble:
        outcome = {"error": trouble.described}
    except Cancelled:
        outcome = {"error": {"step": "cancelled", "errno": None, "message": ""}}
    except Exception as error:
        outcome = {"error": describe(error, "file" if isinstance(error, OSError) else "operation")}
    del tasks[task.id]
    answer(id=task.id, **outcome)

if int(sys.argv[3]) > 0:
    threading.Thread(target=watch, args=(int(sys.argv[3]),), daemon=True).start()

for line in sys.stdin.buffer:
    heard = time.monotonic()
    if line == b"\n":
        continue
    request = json.loads(line)
    if "cancel" in request:
        task = tasks.get(request["cancel"])
        if task is not None:
            task.cancelled.set()
    else:
        task = tasks[request["id"]] = Task(request["id"])
        threading.Thread(target=perform, args=(task, request["op"], request["args"]), daemon=True).start()

leave()
`;
