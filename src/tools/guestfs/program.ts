/**
 * What a session runs on the host: Python over libguestfs. The disk is opened only inside libguestfs's appliance, a small virtual machine. Two
 * lines of JSON come in: which disk and which of its files to read, then what to write; each is answered by one line: `found`, then `failed`, or
 * `error`. Constant text; after how many seconds without a line the caller counts as gone (0: never) comes as an argument.
 */
export const guestfsProgram = String.raw`
import base64, json, os, queue, resource, sys, threading, time

# What a library prints by itself must not come between our lines.
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

LONGEST = 2 ** 20
MEMORY_MIB = 768
CPU_SECONDS = 900

def answer(**message):
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()

class Trouble(Exception):
    def __init__(self, step, message, **more):
        self.described = dict(step=step, message=str(message), **more)

def attempt(step, call, *args, **options):
    try:
        return call(*args, **options)
    except (RuntimeError, OSError, ValueError) as error:
        raise Trouble(step, error)

def opened(guestfs, drive, emulated):
    g = guestfs.GuestFS(python_return_dict=True)
    g.set_backend("direct")
    if emulated:
        g.set_backend_settings(["force_tcg"])
    g.set_memsize(MEMORY_MIB)
    options = {"format": drive["format"], "cachemode": "writeback"}
    if drive["user"] is not None:
        options.update(protocol="rbd", username=drive["user"])
    attempt("open", g.add_drive_opts, drive["file"], **options)
    try:
        g.launch()
    except RuntimeError as error:
        if emulated:
            raise Trouble("launch", error)
        # /dev/kvm can exist and not work. On a host of containers no guest has used it before.
        g.close()
        return opened(guestfs, drive, True)
    return g

def filesystems(g):
    try:
        return g.list_filesystems()
    except RuntimeError:
        return {}

def mounts(g, partition):
    disk = g.list_devices()[0]
    if partition == "none":
        return {"/": disk}
    if partition == "inspect":
        roots = attempt("inspect", g.inspect_os)
        if len(roots) != 1:
            raise Trouble("roots", "", roots=roots, filesystems=filesystems(g))
        return g.inspect_get_mountpoints(roots[0])
    device = disk + str(partition)
    if device not in g.list_partitions():
        raise Trouble("partition", "", filesystems=filesystems(g))
    return {"/": device}

def mount(g, partition, paths):
    chosen = mounts(g, partition)
    for point in sorted(chosen, key=len):
        try:
            g.mount(chosen[point], point)
        except RuntimeError as error:
            # What lies elsewhere is not written to, so it may be missing.
            if point == "/" or any(path.startswith(point + "/") for path in paths):
                raise Trouble("mount", error, point=point, device=chosen[point], filesystems=filesystems(g))

def look(g, path):
    if not g.is_file(path, followsymlinks=True):
        return {"type": "other" if g.exists(path) else "none"}
    if g.filesize(path) > LONGEST:
        return {"type": "long"}
    return {"type": "file", "content": base64.b64encode(g.read_file(path)).decode()}

def make_directories(g, path, mode):
    parent = os.path.dirname(path)
    if parent == "/" or g.is_dir(parent, followsymlinks=True):
        return
    make_directories(g, parent, mode)
    g.mkdir(parent)
    g.chmod(mode, parent)

def write(g, item):
    path = item["path"]
    make_directories(g, path, item["parents"])
    # A device or a pipe of the disk is not written to.
    if g.exists(path) and not g.is_file(path, followsymlinks=True):
        raise RuntimeError("it exists and is not a file")
    g.write(path, base64.b64decode(item["content"]))
    if item["mode"] is not None:
        g.chmod(item["mode"], path)
    if item["owner"] is not None:
        g.chown(item["owner"][0], item["owner"][1], path)

lines = queue.Queue()
heard = time.monotonic()

def listen():
    global heard
    for line in sys.stdin.buffer:
        heard = time.monotonic()
        if line != b"\n":
            lines.put(json.loads(line))
    # The caller is gone. libguestfs ends the appliance when its owner has ended.
    os._exit(1)

def watch(silence):
    while time.monotonic() - heard < silence:
        time.sleep(1)
    os._exit(1)

def work(guestfs):
    request = lines.get()
    g = opened(guestfs, request["drive"], request["emulated"])
    mount(g, request["partition"], request["paths"])
    answer(found={path: attempt("read", look, g, path) for path in request["read"]})
    failed = []
    for index, item in enumerate(lines.get()["write"]):
        try:
            write(g, item)
        except RuntimeError as error:
            failed.append([index, str(error)])
    attempt("close", g.umount_all)
    attempt("close", g.shutdown)
    g.close()
    answer(failed=failed)

threading.Thread(target=listen, daemon=True).start()
if int(sys.argv[1]) > 0:
    threading.Thread(target=watch, args=(int(sys.argv[1]),), daemon=True).start()
resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    try:
        import guestfs
    except ImportError as error:
        raise Trouble("bindings", error)
    work(guestfs)
except Trouble as trouble:
    answer(error=trouble.described)
except Exception as error:
    answer(error={"step": "work", "message": str(error)})
os._exit(0)
`;
