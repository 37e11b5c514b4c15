import { helperFiles } from "./helper-files.ts";
import { helperLocks } from "./helper-locks.ts";
import { helperUnpack } from "./helper-unpack.ts";

/**
 * What runs on the remote for the whole session: Python, standard library only, constant text. Whatever varies comes in frames.
 * A frame is a line `JSON-BYTES BLOB-BYTES`, that many bytes of JSON, and that many of binary data (compressed where the message of an
 * answer says `packed`). A request has an `id`, which its answers carry; of what takes long, answers with `progress`, `opened` or `output` come
 * before the last. `beat`, `stop`, `write`, `hangup` and `leave` have no answer. The end of the input ends everything: running programs are stopped, locks
 * are released, and names that are not on the disk yet are put there.
 */
export const helperProgram = String.raw`
# What takes long to load and is not always needed is imported where it is used.
import errno, fcntl, json, os, queue, re, signal, socket, stat, subprocess, sys, threading, time, zlib

os.umask(0o022)
os.chdir("/")
source = os.fdopen(os.dup(0), "rb", 2**16)
answers = os.fdopen(os.dup(1), "wb", 2**16)
# What a library prints by itself must not come between frames.
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)
answering = threading.Lock()
plain = {"PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
FRAME = 256 * 2**20

def answer(message, blob=b"", pack=True):
    # Definitions and labels shrink to a tenth; ssh acknowledges every hundred kilobytes, which takes turns.
    if pack and len(blob) > 4096: message, blob = {**message, "packed": True}, zlib.compress(blob, 1)
    text = json.dumps(message).encode()
    with answering:
        try:
            answers.write(b"%d %d\n" % (len(text), len(blob)) + text)
            answers.write(blob)
            answers.flush()
        except (OSError, ValueError):
            pass  # the reader is gone; the end of the input follows

def describe(error):
    if isinstance(error, Refused): return {"error": error.fields}
    if isinstance(error, OSError) and error.errno is not None:
        return {"error": {"errno": errno.errorcode.get(error.errno, "EIO"), "words": error.strerror or "", "path": str(error.filename or "")}}
    return {"error": {"errno": "EIO", "words": "%s: %s" % (type(error).__name__, error), "path": ""}}
${helperFiles}
${helperLocks}
${helperUnpack}
def look(message, blob):
    results, pieces, total = [], [], 0
    for name, *args in message["looks"]:
        try:
            found = looks[name](*args)
            if isinstance(found, bytes):
                total += len(found)
                if total > FRAME - 2**20: raise Refused("file-too-large", args[0])
                pieces.append(found)
                found = len(found)
            results.append({"ok": found})
        except Exception as error:
            results.append(describe(error))
    return {"results": results}, b"".join(pieces)

def change(message, blob):
    view, requests = memoryview(blob), []
    for words, length in message["changes"]:
        requests.append(words if length is None else words + [view[:length]])
        if length is not None: view = view[length:]
    return {"results": do_changes(requests, message["later"], message["settle"])}, b""

def put_names(message, blob):
    settle(message["paths"])
    return {}, b""

def digest(message, blob):
    tell, stop = progress_of(message["id"]), stops[message["id"]]
    file = open_regular(message["path"])
    try:
        return {"digests": digests_of(file, message["algorithms"], tell, stop.is_set)}, b""
    finally:
        os.close(file)

def copy(message, blob):
    tell, stop = progress_of(message["id"]), stops[message["id"]]
    size = copy_file(message["from"], message["to"], message["limit"], message["follow"], tell, stop.is_set)
    try:
        file = open_regular(message["to"])
        try:
            digests = digests_of(file, message["algorithms"], lambda done: None, stop.is_set)
        finally:
            os.close(file)
    except BaseException:
        os.unlink(message["to"])
        raise
    return {"size": size, "digests": digests}, b""

def progress_of(id):
    last = [0.0]
    def tell(done):
        now = time.monotonic()
        if now - last[0] > 0.5:
            last[0] = now
            answer({"id": id, "progress": done})
    return tell

def program_input(blob):
    if not blob: return os.open(os.devnull, os.O_RDONLY)
    # A file without a name: the program may open /dev/stdin, which is how secrets are handed over.
    file = os.memfd_create("virtform") if hasattr(os, "memfd_create") else unnamed_file()
    write_all(file, blob)
    os.lseek(file, 0, os.SEEK_SET)
    return file

def unnamed_file():
    import tempfile
    file, path = tempfile.mkstemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    os.unlink(path)
    return file

channels = {}
# Channels whose end is left to the other side.
leaving = []

def dial(message, blob):
    id, channel = message["id"], message["channel"]
    to = message.get("path") or (message["address"], message["port"])
    stream = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET6 if ":" in to[0] else socket.AF_INET)
    outgoing = channels[channel] = queue.Queue()
    first, usual = message.get("opening", (0, 0))
    expected, second, early = blob[first:first + usual], blob[first + usual:], b""
    if first: outgoing.put(blob[:first])
    def write():
        try:
            for data in iter(outgoing.get, None): stream.sendall(data)
            stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the reader meets the same
    try:
        stream.settimeout(10)
        stream.connect(to)
        stream.settimeout(None)
        threading.Thread(target=write, daemon=True).start()
        answer({"id": id, "opened": True})
        while True:
            piece = stream.recv(2**18)
            if not piece: return {}, b""
            if second:
                early += piece
                if early.startswith(expected): outgoing.put(second)
                if len(early) >= len(expected): second = b""
            answer({"id": id, "output": 1}, piece)
    finally:
        del channels[channel]
        outgoing.put(None)
        stream.close()

running_programs = set()

def run(message, blob):
    id, stop = message["id"], stops[message["id"]]
    given = program_input(blob)
    try:
        program = subprocess.Popen(message["words"], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**plain, **message["environment"]}, start_new_session=True)
    except OSError as error:
        return {"missing": error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES), "words": str(error)}, b""
    finally:
        os.close(given)
    running_programs.add(program)
    def forward(stream, number):
        while True:
            piece = stream.read1(2**16)
            if not piece: return
            answer({"id": id, "output": number}, piece)
    forwarders = [threading.Thread(target=forward, args=pair, daemon=True) for pair in ((program.stdout, 1), (program.stderr, 2))]
    for forwarder in forwarders: forwarder.start()
    deadline, late = time.monotonic() + message["seconds"], False
    try:
        while True:
            if stop.is_set() or time.monotonic() >= deadline:
                late = not stop.is_set()
                end_program(program)
            try:
                program.wait(min(0.2, max(0.01, deadline - time.monotonic())))
                break
            except subprocess.TimeoutExpired:
                pass
    finally:
        running_programs.discard(program)
    for forwarder in forwarders: forwarder.join(5)
    return {"code": program.returncode, "late": late}, b""

def end_program(program):
    for number, wait in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(program.pid, number)
        except ProcessLookupError:
            return
        try:
            program.wait(wait)
            return
        except subprocess.TimeoutExpired:
            pass

operations = {"look": look, "change": change, "settle": put_names, "digest": digest, "copy": copy, "unpack": unpack, "run": run, "dial": dial, "lock": lock}
stops = {}

def perform(message, blob):
    try:
        result, data = operations[message["op"]](message, blob)
        answer({"id": message["id"], **result}, data)
    except Exception as error:
        answer({"id": message["id"], **describe(error)})
    finally:
        stops.pop(message["id"], None)

short = queue.Queue()

def work():
    while True: perform(*short.get())

def frames():
    while True:
        head = source.readline(64)
        if not head.endswith(b"\n"): return
        text, blob = (int(part) for part in head.split())
        if text > FRAME or blob > FRAME: return
        message, data = source.read(text), source.read(blob)
        if len(message) != text or len(data) != blob: return
        yield json.loads(message), data

def end():
    for program in list(running_programs): end_program(program)
    for held in list(held_locks.values()): held.release()
    settle(None)
    deadline = time.monotonic() + 1
    while any(channel in channels for channel in leaving) and time.monotonic() < deadline: time.sleep(0.002)
    os._exit(0)

heard = time.monotonic()

def watch():
    # A line that was cut without a word ends everything as well.
    while True:
        time.sleep(5)
        if time.monotonic() - heard > SILENCE: end()

if sys.argv[1:2] == ["receive"]:
    receive(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1:2] == ["send"]:
    send(sys.argv[2])
else:
    for target in [watch] + [work] * 8: threading.Thread(target=target, daemon=True).start()
    try:
        for message, data in frames():
            heard = time.monotonic()
            op = message["op"]
            if op == "beat": beat()
            elif op == "stop":
                stop = stops.get(message["of"])
                if stop is not None: stop.set()
            elif op == "leave": leaving.append(message["channel"])
            elif op in ("write", "hangup"):
                outgoing = channels.get(message["channel"])
                if outgoing is not None: outgoing.put(data if op == "write" else None)
            else:
                stops[message["id"]] = threading.Event()
                if op in ("run", "copy", "digest", "unpack", "dial"): threading.Thread(target=perform, args=(message, data), daemon=True).start()
                else: short.put((message, data))
    finally:
        end()
`;
