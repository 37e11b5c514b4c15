/** The part of the helper program that is started for one file only, on a channel of its own: `send` and `receive`. */
export const helperTransfer = `
def send(path):
    # The data, in frames with their places; then the length of the file.
    try:
        file = open_regular(path)
        size, at = os.fstat(file).st_size, 0
        while at < size:
            try:
                at = os.lseek(file, at, os.SEEK_DATA)
                end = os.lseek(file, at, os.SEEK_HOLE)
            except OSError as error:
                if error.errno == errno.ENXIO: break
                end = size
            while at < end:
                piece = os.pread(file, min(2**20, end - at), at)
                if not piece: break
                if piece.count(0) != len(piece): answer({"at": at, "size": size}, piece, pack=False)
                at += len(piece)
            else:
                continue
            break
        found = os.fstat(file)
        if found.st_size != size: raise OSError(errno.EIO, "its length changed", path)
        answer({"sent": size})
    except Exception as error:
        answer(describe(error))
    os._exit(0)

def receive(path, size):
    # The whole content from the input, holes for zeros, or nothing; the sizes and digests are compared by our side.
    failure = None
    try:
        if os.path.lexists(path): os.unlink(path)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            done = 0
            while True:
                piece = source.read(2**16)
                if not piece: break
                if piece.count(0) != len(piece): os.pwrite(file, piece, done)
                done += len(piece)
            os.ftruncate(file, done)
            os.fsync(file)
        finally:
            os.close(file)
        if done != size: raise OSError(errno.EIO, "%d of %d bytes arrived" % (done, size), path)
    except Exception as error:
        failure = describe(error)
        try:
            os.unlink(path)
        except OSError:
            pass
    answer({"id": 0, **(failure or {"received": size})})
    os._exit(0)

if sys.argv[1:2] == ["receive"]: receive(sys.argv[2], int(sys.argv[3]))
if sys.argv[1:2] == ["send"]: send(sys.argv[2])
`;
