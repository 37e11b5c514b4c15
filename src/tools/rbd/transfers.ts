/** Python: import and export, holes kept; part of the program in `rbd-program.ts`. Pieces are objects, grains what is looked at for zeros. */
export const rbdTransfers = `
PIECE = 4 << 20
GRAIN = 64 << 10
NOTHING = bytes(GRAIN)

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
`;
