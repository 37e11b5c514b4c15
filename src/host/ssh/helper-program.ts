import { helperLooks } from "./helper-looks.ts";

/** Modules, frames and looks: what each form of the program begins with. */
export const helperStart = String.raw`
# Loading a module, and compiling this text, is most of the time until the first answer: hence as little as possible of both. Modules
# whose name begins with _ are the parts in C of those that are imported in their place where they do not exist.
import _thread, errno, os, select, stat, sys, time, zlib
try: import _socket as socket
except ImportError: import socket
try: from _queue import SimpleQueue as Queue
except ImportError: from queue import Queue

def json_parts():
    from _json import encode_basestring_ascii, make_encoder, make_scanner
    class Rules:
        strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant = True, None, None, float, int, float
    scan, encode = make_scanner(Rules), make_encoder(None, None, encode_basestring_ascii, None, ": ", ", ", False, False, True)
    loads, dumps = lambda text: scan(text, 0)[0], lambda value: "".join(encode(value, 0))
    sample = {"a": [1, None, True, "\u00e9\n"]}
    if loads(dumps(sample)) != sample: raise ValueError
    return loads, dumps

try: loads, dumps = json_parts()
except Exception: from json import loads, dumps

os.umask(0o022)
os.chdir("/")
source = os.fdopen(os.dup(0), "rb", 2**16)
answers = os.fdopen(os.dup(1), "wb", 2**16)
# What a library prints by itself must not come between frames.
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)
answering = _thread.allocate_lock()
plain = {"PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
# For curl: the proxies of this host.
plain.update({name: os.environ[name] for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")})
FRAME = 256 * 2**20
SILENCE = 90

def answer(message, blob=b"", pack=True):
    # Definitions and labels shrink to a tenth; ssh acknowledges every hundred kilobytes, which takes turns.
    if pack and len(blob) > 4096: message, blob = {**message, "packed": True}, zlib.compress(blob, 1)
    text, form = dumps(message).encode(), b"%d %d\n"
    if len(text) > 4096: text, form = zlib.compress(text, 1), b"%d %d z\n"
    with answering:
        try:
            answers.write(form % (len(text), len(blob)) + text)
            answers.write(blob)
            answers.flush()
        except (OSError, ValueError):
            pass  # the reader is gone; the end of the input follows

def describe(error):
    if isinstance(error, Refused): return {"error": error.fields}
    if isinstance(error, OSError) and error.errno is not None:
        return {"error": {"errno": errno.errorcode.get(error.errno, "EIO"), "words": error.strerror or "", "path": str(error.filename or "")}}
    return {"error": {"errno": "EIO", "words": "%s: %s" % (type(error).__name__, error), "path": ""}}

def output_of(*words):
    # What a program prints within a minute; nothing when it cannot be run. The module subprocess takes longer to load than it runs.
    if not hasattr(os, "posix_spawnp"):
        import subprocess
        try: return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, env=plain).stdout
        except (OSError, subprocess.TimeoutExpired): return b""
    reader, writer = os.pipe()
    try:
        actions = [(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        try: pid = os.posix_spawnp(words[0], words, plain, file_actions=actions)
        except OSError: return b""
        finally: os.close(writer)
        poll, said, deadline = select.poll(), b"", time.monotonic() + 60
        poll.register(reader, select.POLLIN)
        while poll.poll(max(0, deadline - time.monotonic()) * 1000):
            piece = os.read(reader, 4096)
            if not piece: break
            said += piece
        else:
            os.kill(pid, 9)
            said = b""
        os.waitpid(pid, 0)
        return said
    finally:
        os.close(reader)

class Flag:
    on = False
    def set(self): self.on = True
    def is_set(self): return self.on
${helperLooks}
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

channels = {}
# Channels whose end is left to the other side.
leaving = []

def dial(message, blob):
    id, channel = message["id"], message["channel"]
    to = message.get("path") or (message["address"], message["port"])
    stream = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_STREAM)
    outgoing = channels[channel] = Queue()
    # Messages, and between them the usual answers, without which the rest is left out.
    steps, early = [], b""
    for length in message.get("opening", ()):
        steps.append(blob[:length])
        blob = blob[length:]
    if steps: outgoing.put(steps.pop(0))
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
        _thread.start_new_thread(write, ())
        answer({"id": id, "opened": True})
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLIN)
        while True:
            piece = stream.recv(2**18)
            if not piece: return {}, b""
            if steps:
                early += piece
                while steps and len(early) >= len(steps[0]):
                    expected, following = steps[:2]
                    steps = steps[2:] if early.startswith(expected) else []
                    if early.startswith(expected): outgoing.put(following)
                    early = early[len(expected):]
            elif len(piece) >= 2048: piece = with_next(piece, stream, poll)
            answer({"id": id, "output": 1}, piece)
    finally:
        del channels[channel]
        outgoing.put(None)
        stream.close()

def with_next(piece, stream, poll):
    # Large answers follow each other and are alike: together they take few frames and shrink much more.
    pieces, size, deadline = [piece], len(piece), time.monotonic() + 0.01
    while size < 2**17 and time.monotonic() < deadline and poll.poll(2):
        piece = stream.recv(2**18)
        if not piece: break  # the next read meets the end again
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)

operations = {"look": look, "dial": dial}
at_beat, at_end, stops = [], [], {}
`;

const main = String.raw`
def perform(message, blob):
    try:
        result, data = operations[message["op"]](message, blob)
        answer({"id": message["id"], **result}, data)
    except Exception as error:
        answer({"id": message["id"], **describe(error)})
    finally:
        stops.pop(message["id"], None)

short = Queue()

def work():
    while True: perform(*short.get())

def frames():
    while True:
        head = source.readline(64)
        if not head.endswith(b"\n"): return
        text, blob, *packed = head.split()
        text, blob = int(text), int(blob)
        if text > FRAME or blob > FRAME: return
        message, data = source.read(text), source.read(blob)
        if len(message) != text or len(data) != blob: return
        if packed: message = zlib.decompressobj().decompress(message, FRAME)
        yield loads(message.decode()), data

def end():
    for last in at_end: last()
    deadline = time.monotonic() + 1
    while any(channel in channels for channel in leaving) and time.monotonic() < deadline: time.sleep(0.002)
    os._exit(0)

heard = time.monotonic()

def watch():
    # A line that was cut without a word ends everything as well.
    while True:
        time.sleep(5)
        if time.monotonic() - heard > SILENCE: end()

for target in [watch] + [work] * 8: _thread.start_new_thread(target, ())
try:
    for message, data in frames():
        heard = time.monotonic()
        op = message["op"]
        if op == "beat":
            for each in at_beat: each()
        elif op == "load": exec(compile(data, "helper", "exec"))
        elif op == "stop":
            stop = stops.get(message["of"])
            if stop is not None: stop.set()
        elif op == "leave": leaving.append(message["channel"])
        elif op in ("write", "hangup"):
            outgoing = channels.get(message["channel"])
            if outgoing is not None: outgoing.put(data if op == "write" else None)
        else:
            stops[message["id"]] = Flag()
            if op in ("run", "copy", "digest", "unpack", "dial"): _thread.start_new_thread(perform, (message, data))
            else: short.put((message, data))
finally:
    end()
`;

/**
 * What runs on the remote for the whole session: Python, standard library only, constant text. Whatever varies comes in frames.
 * A frame is a line `JSON-BYTES BLOB-BYTES`, that many bytes of JSON (compressed where the line ends in ` z`), and that many of binary data
 * (compressed where the message of an answer says `packed`). A request has an `id`, which its answers carry; of what takes long, answers with `progress`, `opened` or `output` come
 * before the last. `beat`, `load`, `stop`, `write`, `hangup` and `leave` have no answer. It looks at files and opens sockets; `load` brings a
 * further part of it. The end of the input ends everything: running programs are stopped, locks are released, and names that are not on
 * the disk yet are put there.
 */
export const helperProgram = helperStart + main;
