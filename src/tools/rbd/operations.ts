/** Python: what a session can be asked of images and cluster, one function each; part of the program in `rbd-program.ts`. */
export const rbdOperations = `
def monitors(task):
    code, output, words = connected().mon_command(json.dumps({"prefix": "mon dump", "format": "json"}), b"")
    if code != 0:
        raise Trouble("monitors", rados.Error(words or os.strerror(-code), -code))
    return output.decode()

def pool_names(task):
    return connected().list_pools()

def room(task, pool_name):
    """Bytes that guests can still write to a pool, None where this user may not ask."""
    code, answer, said = connected().mon_command(json.dumps({"prefix": "df", "format": "json"}), b"", timeout=30)
    if code != 0: return None
    found = [one["stats"]["max_avail"] for one in json.loads(answer)["pools"] if one["name"] == pool_name]
    return found[0] if found else None

def names(task, pool_name):
    return rbd.RBD().list(pool(pool_name))

def look(task, pool_name, images):
    """Size, id, snapshots and metadata of each image, None for a missing one."""
    where = pool(pool_name)
    def one(name):
        try:
            with rbd.Image(where, name, read_only=True) as image:
                snapshots = {snapshot["name"]: snapshot["size"] for snapshot in image.list_snaps()}
                return {"id": image.id(), "size": image.size(), "snapshots": snapshots, "metadata": dict(image.metadata_list())}
        except rbd.ImageNotFound:
            return None
    if len(images) <= SIDE_BY_SIDE:
        return [one(name) for name in images]
    there = set(rbd.RBD().list(where))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        return list(threads.map(lambda name: one(name) if name in there else None, images))

def info(task, pool_name, image, snapshot=None):
    try:
        with opened(pool_name, image, snapshot, look=True) as it:
            return {"id": it.id(), "size": it.size(), "protected": snapshot is not None and it.is_protected_snap(snapshot)}
    except rbd.ImageNotFound:
        return None

def read(task, pool_name, image, offset, length):
    try:
        with opened(pool_name, image, look=True) as it:
            data = it.read(offset, max(0, min(length, PIECE, it.size() - offset)))
            return base64.b64encode(data).decode()
    except rbd.ImageNotFound:
        return None

def snapshots(task, pool_name, image):
    with opened(pool_name, image, look=True) as it:
        found = []
        for snapshot in list(it.list_snaps()):
            user = snapshot.get("namespace", 0) == rbd.RBD_SNAP_NAMESPACE_TYPE_USER
            it.set_snap_by_id(snapshot["id"])
            clones = ["%s/%s" % (child["pool"], child["image"]) for child in it.list_children2()]
            found.append({"name": snapshot["name"], "protected": user and it.is_protected_snap(snapshot["name"]), "clones": clones})
        return found

def finish(image, size=None, metadata=()):
    """Makes an image longer where it is shorter, and writes on it, in this order."""
    if size is not None and size > image.size():
        image.resize(size, allow_shrink=False)
    for key, value in metadata:
        image.metadata_set(key, value)

def create(task, pool_name, image, size, metadata=()):
    rbd.RBD().create(pool(pool_name), image, size, old_format=False)
    with opened(pool_name, image) as made:
        finish(made, None, metadata)

def clone(task, pool_name, image, snapshot, to_pool, to_image, size=None, metadata=()):
    rbd.RBD().clone(pool(pool_name), image, snapshot, pool(to_pool), to_image)
    with opened(to_pool, to_image) as made:
        finish(made, size, metadata)

def change(task, pool_name, image, size=None, metadata=(), remove=()):
    with opened(pool_name, image) as it:
        for key in remove:
            try:
                it.metadata_remove(key)
            except (KeyError, rbd.ImageNotFound):
                pass
        finish(it, size, metadata)

def rename(task, pool_name, image, to):
    rbd.RBD().rename(pool(pool_name), image, to)

def remove(task, pool_name, image):
    try:
        rbd.RBD().remove(pool(pool_name), image)
    except rbd.ImageBusy:
        return "busy"
    except rbd.ImageNotFound:
        pass
    return "gone"

def create_snapshot(task, pool_name, image, snapshot):
    with opened(pool_name, image) as it:
        try:
            it.create_snap(snapshot)
        except rbd.ImageExists:
            pass

def remove_snapshot(task, pool_name, image, snapshot):
    try:
        with opened(pool_name, image) as it:
            it.remove_snap(snapshot)
    except rbd.ImageNotFound:
        pass

def roll_back(task, pool_name, image, snapshot):
    with opened(pool_name, image) as it:
        it.rollback_to_snap(snapshot)
`;
