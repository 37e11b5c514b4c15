/**
 * The part of the helper program that reads files: Python, standard library only. Every open refuses links in the last place
 * and never waits for a pipe; every read has a limit. The same words, modes and rules as host/local.
 */
export const helperLooks = `
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
    said = output_of("stat", "-f", "-c", "%t", "--", path)
    return [found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail, int(said or b"0", 16)]

looks = {"read": look_read, "stat": look_stat, "identify": look_identify, "list": look_list, "space": look_space}
`;
