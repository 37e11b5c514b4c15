/** The part of the helper program that runs programs and works on whole files. It needs that of files. */
export const helperPrograms = `
import signal, subprocess, threading

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

running_programs = set()

def on_processor(number):
    # A program inherits this from the thread that starts it, which is one of its own for each program.
    try: os.sched_setaffinity(0, {number})
    except (AttributeError, OSError): pass

def run(message, blob):
    id, stop = message["id"], stops[message["id"]]
    given = program_input(blob)
    if "processor" in message: on_processor(message["processor"])
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

def end_programs():
    for program in list(running_programs): end_program(program)

operations.update({"digest": digest, "copy": copy, "run": run})
# Before locks are released: what the programs write is under them.
at_end.insert(0, end_programs)
`;
