/**
 * What a session runs on the host: Python over Ceph's own bindings. A request is a line of JSON (`id`, `op`, `args`, or `cancel`
 * with an id), an answer one with that `id` and either `result`, `error` or, of what takes long, `progress` [done, total].
 * Constant text; configuration and user come as arguments. Each request has a thread of its own: the bindings let the others
 * run meanwhile.
 */
export const rbdProgram = String.raw`
import json, os, sys, threading, time
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
            pass  # Nobody listens any more; the end of our input says so too.

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
PIECE = 4 << 20
GRAIN = 64 << 10
NOTHING = bytes(GRAIN)

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
                # Without a key it still tries, and what comes of that has many names.
                raise Trouble("keyring" if step == "connect" and not has_key(made) else step, error)
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

def monitors(task):
    code, output, words = connected().mon_command(json.dumps({"prefix": "mon dump", "format": "json"}), b"")
    if code != 0:
        raise Trouble("monitors", rados.Error(words or os.strerror(-code), -code))
    return output.decode()

def pool_names(task):
    return connected().list_pools()

def names(task, pool_name):
    return rbd.RBD().list(pool(pool_name))

def look(task, pool_name, images):
    """Size, id, snapshots and metadata of each image, None for one that is not there."""
    where = pool(pool_name)
    def one(name):
        try:
            with rbd.Image(where, name, read_only=True) as image:
                snapshots = {snapshot["name"]: snapshot["size"] for snapshot in image.list_snaps()}
                return {"id": image.id(), "size": image.size(), "snapshots": snapshots, "metadata": dict(image.metadata_list())}
        except rbd.ImageNotFound:
            return None
    if len(images) <= SIDE_BY_SIDE:
        return [one(name) for name in images]
    there = set(rbd.RBD().list(where))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        return list(threads.map(lambda name: one(name) if name in there else None, images))

def info(task, pool_name, image, snapshot=None):
    try:
        with opened(pool_name, image, snapshot, look=True) as it:
            return {"id": it.id(), "size": it.size(), "protected": snapshot is not None and it.is_protected_snap(snapshot)}
    except rbd.ImageNotFound:
        return None

def snapshots(task, pool_name, image):
    with opened(pool_name, image, look=True) as it:
        found = []
        for snapshot in list(it.list_snaps()):
            user = snapshot.get("namespace", 0) == rbd.RBD_SNAP_NAMESPACE_TYPE_USER
            it.set_snap_by_id(snapshot["id"])
            clones = ["%s/%s" % (child["pool"], child["image"]) for child in it.list_children2()]
            found.append({"name": snapshot["name"], "protected": user and it.is_protected_snap(snapshot["name"]), "clones": clones})
        return found

def finish(image, size=None, metadata=()):
    """Makes an image longer where it is shorter, and writes on it, in this order."""
    if size is not None and size > image.size():
        image.resize(size, allow_shrink=False)
    for key, value in metadata:
        image.metadata_set(key, value)

def create(task, pool_name, image, size, metadata=()):
    rbd.RBD().create(pool(pool_name), image, size, old_format=False)
    with opened(pool_name, image) as made:
        finish(made, None, metadata)

def clone(task, pool_name, image, snapshot, to_pool, to_image, size=None, metadata=()):
    rbd.RBD().clone(pool(pool_name), image, snapshot, pool(to_pool), to_image)
    with opened(to_pool, to_image) as made:
        finish(made, size, metadata)

def change(task, pool_name, image, size=None, metadata=(), remove=()):
    with opened(pool_name, image) as it:
        for key in remove:
            try:
                it.metadata_remove(key)
            except (KeyError, rbd.ImageNotFound):
                pass
        finish(it, size, metadata)

def rename(task, pool_name, image, to):
    rbd.RBD().rename(pool(pool_name), image, to)

def remove(task, pool_name, image):
    try:
        rbd.RBD().remove(pool(pool_name), image)
    except rbd.ImageBusy:
        return "busy"
    except rbd.ImageNotFound:
        pass
    return "gone"

def create_snapshot(task, pool_name, image, snapshot):
    with opened(pool_name, image) as it:
        try:
            it.create_snap(snapshot)
        except rbd.ImageExists:
            pass

def remove_snapshot(task, pool_name, image, snapshot):
    try:
        with opened(pool_name, image) as it:
            it.remove_snap(snapshot)
    except rbd.ImageNotFound:
        pass

def roll_back(task, pool_name, image, snapshot):
    with opened(pool_name, image) as it:
        it.rollback_to_snap(snapshot)

def pieces(begin, end):
    """Cut where the objects of an image are."""
    while begin < end:
        upto = min(end, (begin // PIECE + 1) * PIECE)
        yield begin, upto - begin
        begin = upto

def data_pieces(file, size):
    """The parts of a file that are no holes."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(file, at, os.SEEK_DATA)
        except OSError:
            return  # Nothing but a hole until the end.
        at = os.lseek(file, begin, os.SEEK_HOLE)
        yield from pieces(begin, at)

def filled(data):
    """Runs of grains that are not all zeros, as offset and bytes."""
    begin = None
    for at in range(0, len(data), GRAIN):
        grain = data[at:at + GRAIN]
        empty = grain == NOTHING[:len(grain)]
        if empty and begin is not None:
            yield begin, data[begin:at]
            begin = None
        elif not empty and begin is None:
            begin = at
    if begin is not None:
        yield begin, data[begin:]

def move(task, parts, total, one):
    """Does all parts, a few at a time, and tells how far it is."""
    def checked(part):
        if task.cancelled.is_set() or ending.is_set():
            raise Cancelled()
        one(*part)
        task.progress(part[0] + part[1], total)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        for _ in threads.map(checked, parts):
            pass

def import_file(task, path, pool_name, image, size=None, metadata=()):
    file = os.open(path.encode(), os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = os.fstat(file).st_size
        rbd.RBD().create(pool(pool_name), image, max(length, size or 0), old_format=False)
        with opened(pool_name, image) as made:
            def write(offset, count):
                for begin, data in filled(os.pread(file, count, offset)):
                    made.write(data, offset + begin)
            move(task, list(data_pieces(file, length)), length, write)
            made.flush()
            finish(made, None, metadata)
    finally:
        os.close(file)

def export_file(task, pool_name, image, snapshot, path):
    with opened(pool_name, image, snapshot, look=True) as it:
        file = os.open(path.encode(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            size = it.size()
            os.ftruncate(file, size)
            extents = []
            it.diff_iterate(0, size, None, lambda offset, length, exists: exists and extents.append((offset, length)))
            def write(offset, count):
                for begin, data in filled(it.read(offset, count)):
                    os.pwrite(file, data, offset + begin)
            move(task, [part for offset, length in extents for part in pieces(offset, offset + length)], size, write)
        finally:
            os.close(file)

OPERATIONS = {operation.__name__: operation for operation in (
    monitors, pool_names, names, look, info, snapshots, create, clone, change, rename, remove,
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
tasks = {}

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

for line in sys.stdin.buffer:
    request = json.loads(line)
    if "cancel" in request:
        task = tasks.get(request["cancel"])
        if task is not None:
            task.cancelled.set()
    else:
        task = tasks[request["id"]] = Task(request["id"])
        threading.Thread(target=perform, args=(task, request["op"], request["args"]), daemon=True).start()

# Nobody waits for what is under way. It gets a moment all the same: an image that is left open counts as in use for half a minute.
ending.set()
until = time.monotonic() + 30
while tasks and time.monotonic() < until:
    time.sleep(0.02)
os._exit(0)
`;
