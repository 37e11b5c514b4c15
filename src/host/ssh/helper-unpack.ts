/**
 * The part of the helper program that unpacks files: a program decompresses, under limits; what it prints is written with holes, counted and
 * digested. The same bounds and words as host/local.
 */
export const helperUnpack = `
def unpack(message, blob):
    tell, stop = progress_of(message["id"]), stops[message["id"]]
    source, target, limit, words = message["from"], message["to"], message["limit"], message["words"]
    file = open_regular(source)
    try:
        size = os.fstat(file).st_size
        if os.path.lexists(target): os.unlink(target)
        to = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        whole = False
        try:
            sums = new_digests(message["algorithms"])
            put = sparse_writer(to, sums, limit, message["bounds"], source)
            if words is None: length = take_parts(file, message["parts"], put, tell, stop)
            else: length = decompress(file, words, put, tell, stop, source)
            os.ftruncate(to, length)
            packed = digests_of(file, message["packed"], lambda done: None, stop.is_set)
            whole = True
        finally:
            os.close(to)
            if not whole: os.unlink(target)
        return {"size": size, "digests": packed, "length": length, "content": [one.hexdigest() for one in sums]}, b""
    finally:
        os.close(file)

def sparse_writer(to, sums, limit, bounds, source):
    state = {"length": 0, "written": 0}
    zeros = bytes(4096)
    def put(piece, read):
        for one in sums: one.update(piece)
        at, view = state["length"], memoryview(piece)
        start = 0
        while start < len(view):
            # Runs of blocks that are all zeros, or none of them.
            empty = view[start:start + 4096] == zeros[:min(4096, len(view) - start)]
            end = start + 4096
            while end < len(view) and (view[end:end + 4096] == zeros[:min(4096, len(view) - end)]) == empty: end += 4096
            end = min(end, len(view))
            if not empty:
                state["written"] += end - start
                if limit is not None and state["written"] > limit: raise Refused("image-too-large", source, str(state["written"]))
                done = start
                while done < end: done += os.pwrite(to, view[done:end], at + done)
            start = end
        state["length"] += len(view)
        if bounds is not None:
            written, times, length, by = bounds
            if state["written"] > written + times * read or state["length"] > length + by * read:
                raise Refused("image-bomb", source, "%d %d" % (read, max(state["written"], state["length"])))
    put.state = state
    return put

def take_parts(file, parts, put, tell, stop):
    total = 0
    for offset, length in parts:
        done = 0
        while done < length:
            if stop.is_set(): raise InterruptedError(errno.ECANCELED, "stopped", "")
            wanted = min(2**20, length - done)
            piece = bytes(wanted) if offset is None else os.pread(file, wanted, offset + done)
            if not piece: raise Refused("image-unpack", "", "")
            put(piece, done)
            done += len(piece)
            total += len(piece)
            tell(total)
    return total

def decompress(file, words, put, tell, stop, source):
    os.lseek(file, 0, os.SEEK_SET)
    try:
        program = subprocess.Popen(words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain, start_new_session=True)
    except OSError as error:
        raise Refused("program-missing", source, str(error))
    running_programs.add(program)
    said = []
    listener = threading.Thread(target=lambda: said.append(program.stderr.read(4000)), daemon=True)
    listener.start()
    try:
        rest = b""
        while True:
            piece = program.stdout.read(2**20)
            if stop.is_set(): raise InterruptedError(errno.ECANCELED, "stopped", source)
            if not piece: break
            # The program reads through this descriptor, so its position tells how far it is.
            read = os.lseek(file, 0, os.SEEK_CUR)
            put(piece, read)
            tell(read)
        code = program.wait()
    except BaseException:
        end_program(program)
        raise
    finally:
        running_programs.discard(program)
        program.stdout.close()
    listener.join(5)
    words = b"".join(said).decode("utf8", "replace")
    if code == 127 and "failed to execute" in words: raise Refused("program-missing", source, words)
    # bzip2 passes over what it does not understand behind its data, and ends with 0.
    if code != 0 or "trailing garbage" in words: raise Refused("image-unpack", source, "%d %s" % (code, words))
    return put.state["length"]

operations["unpack"] = unpack
`;
