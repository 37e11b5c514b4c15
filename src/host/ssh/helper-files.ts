/** The part of the helper program that changes files, with the words, modes and rules of host/local. It needs that of locks. */
export const helperFiles = String.raw`
try:
    from _sha1 import sha1
except ImportError:
    from hashlib import sha1

def own_tag():
    return sha1("\n".join(identity_of_machine()).encode()).hexdigest()[:12]

temporaries = 0

def temporary_name(path):
    global temporaries
    temporaries += 1
    return "%s.%s-%d-%s-%d.tmp" % (path, own_tag(), os.getpid(), start_time(os.getpid()), temporaries)

def remove_abandoned(path):
    directory, name = os.path.split(path)
    start = name + "."
    for entry in os.listdir(directory):
        if not entry.startswith(start) or not entry.endswith(".tmp"): continue
        parts = entry[len(start):-4].split("-")
        if len(parts) != 4 or len(parts[0]) != 12 or not all(part.isdigit() for part in parts[1:]): continue
        file = os.path.join(directory, entry)
        try:
            if parts[0] == own_tag(): gone = start_time(int(parts[1])) != parts[2]
            else: gone = time.time() - os.lstat(file).st_mtime > 3600
            if gone: os.unlink(file)
        except OSError:
            pass  # another process was first

def change_write(names, path, mode, durable, data):
    if not durable: return write_staged(path, mode, data)
    remove_abandoned(path)
    staged = temporary_name(path)
    try:
        file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            write_all(file, data)
            os.fchmod(file, mode)
            os.fsync(file)
            found = os.fstat(file)
        finally:
            os.close(file)
        os.rename(staged, path)
    except BaseException:
        try: os.unlink(staged)
        except OSError: pass
        raise
    names.add(os.path.dirname(path))
    return state_of(found)

def write_staged(path, mode, data):
    change_remove(set(), path)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        write_all(file, data)
        os.fchmod(file, mode)
        return state_of(os.fstat(file))
    finally:
        os.close(file)

def change_publish(names, staged, final, mode):
    try:
        file = os.open(staged, SAFE)
    except OSError as error:
        if error.errno == errno.ELOOP: raise Refused("symbolic-link", staged)
        raise
    try:
        os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(staged, final)
    names.update((os.path.dirname(staged), os.path.dirname(final)))

def change_link(names, source, target):
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if os.path.samestat(os.lstat(source), os.lstat(target)): return
        raise Refused("file-in-the-way", target, source)
    names.add(os.path.dirname(target))

def change_remove(names, path):
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno not in ABSENT: raise

def change_remove_tree(names, path):
    try:
        found = os.lstat(path)
    except OSError as error:
        if error.errno in ABSENT: return
        raise
    if not stat.S_ISDIR(found.st_mode): return os.unlink(path)
    import shutil
    shutil.rmtree(path)

def change_touch(names, path):
    try:
        os.utime(path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM): raise

def change_truncate(names, path, size):
    file = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.fstat(file).st_size != size: os.ftruncate(file, size)
    finally:
        os.close(file)

def change_mode(names, path, mode):
    if stat.S_ISLNK(os.lstat(path).st_mode): raise Refused("symbolic-link", path)
    os.chmod(path, mode)

def change_owner(names, path, uid, gid):
    if stat.S_ISLNK(os.lstat(path).st_mode): raise Refused("symbolic-link", path)
    os.lchown(path, uid, gid)

def change_make_file(names, path, mode):
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError:
        return
    try:
        os.fchmod(file, mode)
    finally:
        os.close(file)
    names.add(os.path.dirname(path))

def change_rotate(names, path, keep):
    try:
        if os.lstat(path).st_size == 0: return
    except OSError as error:
        if error.errno in ABSENT: return
        raise
    for number in range(keep, 0, -1):
        older = path if number == 1 else "%s.previous-%d" % (path, number - 1)
        if os.path.lexists(older): os.rename(older, "%s.previous-%d" % (path, number))
    names.add(os.path.dirname(path))

def change_append(names, path, durable, data):
    file = open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        write_all(file, (b"\n" if torn else b"") + data)
        if durable: os.fsync(file)
    finally:
        os.close(file)
    if durable and size == 0: names.add(os.path.dirname(path))

def change_copy(names, source, target, limit):
    copy_file(source, target, limit, False, lambda done: None, lambda: False)

changes = {
    "makeDirectory": change_directory, "write": change_write, "publish": change_publish, "link": change_link, "remove": change_remove,
    "removeTree": change_remove_tree, "touch": change_touch, "truncate": change_truncate, "setMode": change_mode, "setOwner": change_owner,
    "makeFile": change_make_file, "append": change_append, "copy": change_copy,
    "rotate": change_rotate,
}

def do_changes(requests, later, also):
    names, results = set(), []
    try:
        for name, *args in requests:
            try:
                results.append({"ok": changes[name](names, *args)})
            except Exception as error:
                results.append(describe(error))
                break
    finally:
        if later:
            with unsynced_lock: unsynced.update(names)
        else:
            # The innermost first: a directory appears with what is in it.
            for path in sorted(names, key=len, reverse=True):
                try: sync_directory(path)
                except FileNotFoundError: pass
        settle(also)
    return results, later and len(names) > 0

def new_digests(algorithms):
    import hashlib
    return [hashlib.new(algorithm) for algorithm in algorithms]

def digests_of(file, algorithms, tell, stopped):
    sums = new_digests(algorithms)
    done = 0
    while sums:
        if stopped(): raise InterruptedError(errno.ECANCELED, "stopped", "")
        piece = os.pread(file, 2**20, done)
        if not piece: break
        for one in sums: one.update(piece)
        done += len(piece)
        tell(done)
    return [one.hexdigest() for one in sums]

def copy_file(source, target, limit, follow, tell, stopped):
    file = open_regular(source, SAFE & ~os.O_NOFOLLOW if follow else SAFE)
    try:
        size = os.fstat(file).st_size
        if limit is not None and size > limit: raise Refused("image-too-large", source, str(size))
        if os.path.lexists(target): os.unlink(target)
        to = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        whole = False
        try:
            if size <= 2**20:
                data = read_up_to(file, size, 0)
                for start in range(0, len(data), 4096):
                    block = data[start:start + 4096]
                    if block.count(0) != len(block): os.pwrite(to, block, start)
                os.ftruncate(to, len(data))
                whole = True
                return len(data)
            import subprocess
            words = ["cp", "--reflink=auto", "--sparse=always", "--", "/proc/self/fd/%d" % file, "/proc/self/fd/%d" % to]
            running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(file, to), env=plain)
            while True:
                try:
                    said = running.communicate(timeout=0.5)[1]
                    break
                except subprocess.TimeoutExpired:
                    tell(os.fstat(to).st_size)
                    if stopped(): running.kill()
            if stopped(): raise InterruptedError(errno.ECANCELED, "stopped", source)
            if running.returncode != 0: raise_said(said, source, target)
            whole = True
            return os.fstat(to).st_size
        finally:
            os.close(to)
            if not whole: os.unlink(target)
    finally:
        os.close(file)

def raise_said(said, source, target):
    words = said.decode("utf8", "replace").strip().split("\n")[-1]
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG):
        if words.endswith(os.strerror(number)): raise OSError(number, os.strerror(number), target if "writ" in words else source)
    raise OSError(errno.EIO, words or "cp failed", source)

def change(message, blob):
    view, requests = memoryview(blob), []
    for words, length in message["changes"]:
        requests.append(words if length is None else words + [view[:length]])
        if length is not None: view = view[length:]
    results, later = do_changes(requests, message["later"], message["settle"])
    return {"results": results, "later": later}, b""

def finish(message, blob):
    # What the changes follow from was read under the lock, so without it nothing is changed.
    held = held_locks.get(message["lock"])
    if held is not None: held.renew()
    if held is None or held.lost: return {"results": [], "released": False}, b""
    # The lock is released whatever becomes of the changes.
    try:
        if message.get("settled"): settle(None)
        results = change(message, blob)[0]
    finally: released = release_lock(message)
    return {**results, **released}, b""

def swap(message, blob):
    # Changes that follow from an expected content are made at once where the file has that content under the lock.
    taken, size = try_lock(message), message["expected"]
    if taken["verdict"] != "held": return taken, b""
    found, data = look(message, b"")
    holds = found["results"][0].get("ok", -1)
    if holds != size or data != blob[:size or 0]: return {**taken, **found}, data
    made = finish(message, blob[size or 0:])[0]
    return {**taken, **made, "later": taken["later"] or made.get("later", False)}, b""

operations.update({"change": change, "finish": finish, "swap": swap})
`;
