/**
 * The part of the helper program that works on files: Python, standard library only. Every open refuses links in the last place
 * and never waits for a pipe; every read has a limit. The same words, modes and rules as host/local.
 */
export const helperFiles = String.raw`
class Refused(Exception):
    def __init__(self, code, path, what=""):
        self.fields = {"refused": code, "path": path, "what": what}

WHOLE = 64 * 2**20   # more is never read at once
SAFE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ABSENT = (errno.ENOENT, errno.ENOTDIR)

def kind(mode):
    for is_it, what in ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISLNK, "a link")):
        if is_it(mode): return what
    return "a device"

def require_regular(path, found):
    if not stat.S_ISREG(found.st_mode): raise Refused("not-a-regular-file", path, kind(found.st_mode))

def open_regular(path, flags=SAFE, mode=0o644):
    try:
        file = os.open(path, flags, mode)
    except OSError as error:
        if error.errno == errno.ELOOP and flags & os.O_NOFOLLOW: raise Refused("symbolic-link", path)
        if error.errno == errno.ENXIO: raise Refused("not-a-regular-file", path, "a socket or a device")
        raise
    try:
        require_regular(path, os.fstat(file))
    except BaseException:
        os.close(file)
        raise
    return file

def read_up_to(file, length, offset):
    pieces = []
    while length > 0:
        piece = os.pread(file, min(length, 2**20), offset)
        if not piece: break
        pieces.append(piece)
        offset += len(piece)
        length -= len(piece)
    return b"".join(pieces)

def write_all(file, data):
    view = memoryview(data)
    while view: view = view[os.write(file, view):]

def state_of(found):
    seconds, nanoseconds = divmod(found.st_mtime_ns, 10**9)
    return [found.st_mode, found.st_size, found.st_blocks, seconds, nanoseconds, found.st_ino, found.st_nlink, found.st_uid, found.st_gid]

def look_read(path, offset, length):
    try:
        file = open_regular(path)
    except OSError as error:
        if error.errno in ABSENT: return None
        raise
    try:
        if length is not None: return read_up_to(file, min(length, WHOLE), offset)
        data = read_up_to(file, WHOLE + 1, 0)
        if len(data) > WHOLE: raise Refused("file-too-large", path)
        return data
    finally:
        os.close(file)

def look_stat(path):
    try:
        return state_of(os.lstat(path))
    except OSError as error:
        if error.errno in ABSENT: return None
        raise

def look_identify(path):
    try:
        found, real = os.stat(path), os.path.realpath(path)
    except OSError as error:
        if error.errno in ABSENT: return None
        raise
    if stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode): return ["node:%d" % found.st_rdev, real]
    return ["%d:%d" % (found.st_dev, found.st_ino), real]

def look_list(path):
    try:
        with os.scandir(path) as entries: return [[entry.name, entry.stat(follow_symlinks=False).st_mode] for entry in entries]
    except FileNotFoundError:
        return []

def look_space(path):
    while not os.path.exists(path) and path != "/": path = os.path.dirname(path)
    found = os.statvfs(path)
    said = subprocess.run(["stat", "-f", "-c", "%t", "--", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, env=plain).stdout
    return [found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail, int(said or b"0", 16)]

looks = {"read": look_read, "stat": look_stat, "identify": look_identify, "list": look_list, "space": look_space}

# Names that are not on the disk yet, by directory; syncing one directory is done once for all who wait for it.
unsynced = set()
unsynced_lock = threading.Lock()

def sync_directory(path):
    with unsynced_lock: unsynced.discard(path)
    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno != errno.EINVAL: raise  # some network filesystems have nothing to do
    finally:
        os.close(file)

def settle(paths):
    with unsynced_lock: waiting = [path for path in (unsynced if paths is None else paths) if path in unsynced]
    for path in waiting:
        try:
            sync_directory(path)
        except FileNotFoundError:
            pass  # it has been removed since

def own_tag():
    import hashlib
    name, machine, boot, namespace = identity_of_machine()
    return hashlib.sha1("\n".join([name, machine, boot, namespace]).encode()).hexdigest()[:12]

temporaries = 0

def temporary_name(path):
    global temporaries
    temporaries += 1
    return "%s.%s-%d-%s-%d.tmp" % (path, own_tag(), os.getpid(), start_time(os.getpid()), temporaries)

def remove_abandoned(path):
    directory, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + r"\.([0-9a-f]{12})-(\d+)-(\d+)-\d+\.tmp")
    for entry in os.listdir(directory):
        match = pattern.fullmatch(entry)
        if match is None: continue
        file = os.path.join(directory, entry)
        try:
            if match[1] == own_tag(): gone = start_time(int(match[2])) != match[3]
            else: gone = time.time() - os.lstat(file).st_mtime > 3600
            if gone: os.unlink(file)
        except OSError:
            pass  # another process was first

def change_directory(names, path, mode):
    if os.path.isdir(path): return
    missing = []
    parent = os.path.dirname(path)
    while not os.path.lexists(parent):
        missing.insert(0, parent)
        parent = os.path.dirname(parent)
    for one, bits in [(other, 0o755) for other in missing] + [(path, mode)]:
        try:
            os.mkdir(one, bits)
        except FileExistsError:
            if not os.path.isdir(one): raise
            continue
        os.chmod(one, bits)
        names.add(os.path.dirname(one))

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
        os.ftruncate(file, size)
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
    return results

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
`;
