/**
 * The part of the helper program that holds locks, as host/local/lock.ts does: a directory `PATH.lock` with a record of its holder beside
 * it. A lock is renewed at each beat of our side and released when beats stop.
 */
export const helperLocks = String.raw`
import fcntl

# Names that are not on the disk yet, by directory; syncing one directory is done once for all who wait for it.
unsynced = set()
unsynced_lock = _thread.allocate_lock()

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

def text_of(path, limit=16384):
    try:
        file = open_regular(path)
        try:
            return read_up_to(file, limit, 0).decode("utf8", "replace")
        finally:
            os.close(file)
    except (OSError, Refused):
        return ""

def start_time(pid):
    said = text_of("/proc/%d/stat" % pid)
    return (said[said.rindex(")") + 2:].split(" ") + [""] * 20)[19] if ")" in said else ""

machine = []

def identity_of_machine():
    if not machine:
        try:
            namespace = os.readlink("/proc/self/ns/pid")
        except OSError:
            namespace = ""
        machine[:] = [socket.gethostname(), text_of("/etc/machine-id").strip(), text_of("/proc/sys/kernel/random/boot_id").strip(), namespace]
    return machine

def identity(directory):
    # Inode and time of birth, which coreutils reads and Python does not.
    said = output_of("stat", "-c", "%i:%.9W", "--", directory).decode().strip()
    inode, _, born = said.partition(":")
    return "%s:%s" % (inode, born.replace(".", "")) if inode else ""

held_locks = {}

class Held:
    def __init__(self, id, path, mine):
        self.id, self.path, self.mine = id, path, mine
        self.file = None
        self.lost = False

    def renew(self):
        try:
            found = os.lstat(self.path + ".lock")
            if found.st_ino == int(self.mine.split(":")[0]) and found.st_mtime_ns == self.renewed:
                os.utime(self.path + ".lock")
                self.renewed = os.lstat(self.path + ".lock").st_mtime_ns
                return
            if identity(self.path + ".lock") == self.mine:
                self.renewed = found.st_mtime_ns
                return
        except OSError as error:
            if error.errno != errno.ENOENT: return  # a full or read-only filesystem takes no lock away
        self.lost = True
        if held_locks.pop(self.id, None) is None: return  # another thread was first
        if self.file is not None: os.close(self.file)
        answer({"id": self.id, "lost": True})

    def release(self):
        held_locks.pop(self.id, None)
        if self.file is not None: os.close(self.file)
        return not self.lost and remove_lock(self.path, self.mine)

def remove_lock(path, mine):
    if identity(path + ".lock") != mine: return False
    try:
        # The record goes first: once the directory is gone, another may write its own.
        try:
            os.unlink(path + ".holder.json")
        except OSError:
            pass
        os.rmdir(path + ".lock")
    except OSError as error:
        return error.errno != errno.ENOENT
    return True

def write_record(path, record):
    try:
        try:
            os.unlink(path + ".holder.json")
        except FileNotFoundError:
            pass
        file = os.open(path + ".holder.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            write_all(file, (dumps(record) + "\n").encode())
        finally:
            os.close(file)
    except OSError:
        pass  # it only helps others

def own_identity():
    name, machine_id, boot, namespace = identity_of_machine()
    return {"pid": os.getpid(), "startTime": start_time(os.getpid()), "hostName": name, "machineId": machine_id, "bootId": boot, "pidNamespace": namespace}

def look_at_lock(message):
    path = message["path"]
    try:
        found = os.lstat(path + ".lock")
    except (FileNotFoundError, NotADirectoryError):
        return {"verdict": "gone"}
    return {"verdict": "busy", "identity": identity(path + ".lock"), "time": str(found.st_mtime_ns), "record": text_of(path + ".holder.json"), "own": own_identity()}

def lock_file(path):
    # Takes an exclusive POSIX lock on a file, which is created if it is missing; returns None when another process has one.
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
            found, directory = os.fstat(file), os.stat(os.path.dirname(path))
            # Nova opens it as the owner of the directory.
            if os.geteuid() == 0 and found.st_uid == 0 and directory.st_uid != 0: os.fchown(file, directory.st_uid, directory.st_gid)
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                if error.errno in (errno.EACCES, errno.EAGAIN): return None
                raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, path)
        # Nova removes lock files: a lock on a removed file does not exclude other processes.
        try:
            if os.lstat(path).st_ino == found.st_ino: return file
        except FileNotFoundError:
            pass
        os.close(file)

def try_lock(message):
    path, id, names = message["path"], message["lock"], set()
    change_directory(names, os.path.dirname(path), 0o755)
    with unsynced_lock: unsynced.update(names)
    try:
        os.mkdir(path + ".lock")
    except FileExistsError:
        return look_at_lock(message)
    mine = identity(path + ".lock")
    write_record(path, {**own_identity(), **message["record"], "directory": mine})
    held = Held(id, path, mine)
    held.renewed = os.lstat(path + ".lock").st_mtime_ns
    if message["file"]:
        try:
            held.file = lock_file(path)
        finally:
            if held.file is None: remove_lock(path, mine)
        if held.file is None: return {"verdict": "other"}
    held_locks[id] = held
    return {"verdict": "held", "later": bool(names)}

def process_state(message):
    try:
        os.kill(message["pid"], 0)
    except ProcessLookupError:
        return {"state": "gone"}
    except OSError:
        pass
    return {"state": text_of("/proc/%d/stat" % message["pid"]) or "hidden"}

def break_lock(message):
    guard = message["path"] + ".break"
    try:
        if time.time() - os.lstat(guard).st_mtime > 10: os.rmdir(guard)
    except OSError:
        pass
    try:
        os.mkdir(guard)
    except OSError:
        return {}
    try:
        remove_lock(message["path"], message["identity"])
    finally:
        os.rmdir(guard)
    return {}

def release_lock(message):
    held = held_locks.get(message["lock"])
    return {"released": held is not None and held.release()}

def lock(message, blob):
    # What is read under the lock comes with it.
    if message["do"] == "try" and "looks" in message:
        taken = try_lock(message)
        results, data = look(message, b"") if taken["verdict"] == "held" else ({}, b"")
        return {**taken, **results}, data
    return {"try": try_lock, "look": look_at_lock, "process": process_state, "break": break_lock, "release": release_lock}[message["do"]](message), b""

def beat():
    for held in list(held_locks.values()): held.renew()

def release_all():
    for held in list(held_locks.values()): held.release()
    settle(None)

def put_names(message, blob):
    settle(message["paths"])
    return {}, b""

operations.update({"lock": lock, "settle": put_names})
at_beat.append(beat)
at_end.append(release_all)
`;
