import { dirname } from "node:path/posix";
import { allocatedBytes, type Content, copySparse, emptySparse } from "./sparse.ts";
import { systemError } from "./system-error.ts";

/** One object of the file system; hard links share it. */
export interface Inode {
  readonly number: number;
  readonly type: "file" | "directory" | "symlink";
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  /** Names it has. */
  links: number;
  /** Content of a file; a write replaces it. */
  content: Content;
  readonly entries: Map<string, Inode>;
  readonly target: string;
  /** Of the root of a mounted file system: its device, and the directory that it covers. */
  device?: number;
  covers?: Inode;
  /** What a power cut leaves of the content of a file: what was last put on the disk. */
  durable?: Content;
  /** What a power cut leaves of the entries of a directory. */
  durableEntries?: ReadonlyMap<string, Inode>;
}

/** A file system in memory. Everything is synchronous and refuses what Linux refuses, with the same codes. */
export interface FileTree {
  /** Total bytes; writing beyond is ENOSPC. */
  capacity: number;
  used(): number;
  /** The object at a path; undefined when there is none. Links in the last place are not followed. */
  find(path: string): Inode | undefined;
  /** The file at a path for reading. Throws ENOENT, ELOOP, EISDIR. */
  file(path: string, call: string): Inode;
  /** The same through a link in the last place. */
  follow(path: string, call: string): Inode;
  /** Makes or replaces the content of a file (a link in the last place is refused). Throws ENOENT, ENOTDIR, EISDIR, ENOSPC. */
  write(path: string, content: Content, mode?: number): Inode;
  makeDirectories(path: string, mode?: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  symlink(target: string, path: string): void;
  /** Throws EISDIR for a directory; fine when there is nothing. */
  unlink(path: string): void;
  removeTree(path: string): void;
  /** `DEVICE:INODE` of what a path leads to, links followed, and its path without a link in the last place. */
  identify(path: string): { readonly id: string; readonly path: string } | undefined;
  /** Mounts a file system over a directory: an empty one, or one that `unmount` gave. */
  mount(path: string, fileSystem?: Inode): void;
  /** Uncovers the directory below; gives the root of what was mounted. */
  unmount(path: string): Inode;
  /** Every path, sorted, with what is there. */
  walk(): (readonly [string, Inode])[];
  /** Puts the content of a file on the disk. */
  syncFile(path: string): void;
  /** Puts the names in a directory on the disk. */
  syncDirectory(path: string): void;
  /** Whether a power cut would leave a directory with other names. */
  hasUnsyncedNames(path: string): boolean;
  /** Puts everything on the disk. */
  syncAll(): void;
  /**
   * What a power cut leaves: only content that was put on the disk. Names that were not are lost, or are there all the same, since a
   * filesystem may write them at any time.
   */
  cutPower(names: "lost" | "kept"): void;
  clone(now: () => number): FileTree;
}

/** An empty file system. `now` in milliseconds gives modification times. */
export function createFileTree(capacity: number, now: () => number): FileTree {
  let next = 2;
  const make = (type: Inode["type"], mode: number, target = ""): Inode => ({
    number: next++,
    type,
    mode,
    uid: 0,
    gid: 0,
    mtimeMs: now(),
    links: 0,
    content: emptySparse(),
    entries: new Map(),
    target,
  });
  return treeOn(make("directory", 0o755), capacity, now, make);
}

function treeOn(
  root: Inode,
  capacity: number,
  now: () => number,
  make: (type: Inode["type"], mode: number, target?: string) => Inode,
): FileTree {
  const resolve = (path: string, call: string, follow: boolean, depth = 0): Inode | undefined => {
    if (!path.startsWith("/")) throw new TypeError(`not an absolute path: ${path}`);
    if (depth > 8) throw systemError("ELOOP", call, path);
    let inode = root;
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      if (inode.type !== "directory") throw systemError("ENOTDIR", call, path);
      const found = inode.entries.get(name);
      if (found === undefined) return undefined;
      inode = found;
      const last = index === names.length - 1;
      if (inode.type === "symlink" && (!last || follow)) {
        const target = resolve(inode.target, call, true, depth + 1);
        if (target === undefined) return undefined;
        inode = target;
      }
    }
    return inode;
  };
  const parentOf = (path: string, call: string): { directory: Inode; name: string } => {
    const directory = resolve(dirname(path), call, true);
    if (directory === undefined) throw systemError("ENOENT", call, path);
    if (directory.type !== "directory") throw systemError("ENOTDIR", call, path);
    return { directory, name: path.slice(path.lastIndexOf("/") + 1) };
  };
  const all = (): (readonly [string, Inode])[] => {
    const found: (readonly [string, Inode])[] = [];
    const visit = (path: string, inode: Inode) => {
      found.push([path === "" ? "/" : path, inode]);
      for (const name of [...inode.entries.keys()].sort()) visit(`${path}/${name}`, inode.entries.get(name) ?? inode);
    };
    visit("", root);
    return found;
  };
  const drop = (directory: Inode, name: string) => {
    const inode = directory.entries.get(name);
    if (inode === undefined) return;
    for (const child of [...inode.entries.keys()]) drop(inode, child);
    directory.entries.delete(name);
    directory.mtimeMs = now();
    inode.links -= 1;
  };
  const enter = (directory: Inode, name: string, inode: Inode) => {
    directory.entries.set(name, inode);
    directory.mtimeMs = now();
    inode.links += 1;
  };

  const tree: FileTree = {
    capacity,
    used() {
      const seen = new Set<Inode>();
      let sum = 0;
      const visit = (inode: Inode) => {
        if (!seen.has(inode)) sum += allocatedBytes(inode.content);
        seen.add(inode);
        for (const child of inode.entries.values()) visit(child);
      };
      visit(root);
      return sum;
    },
    find: (path) => resolve(path, "lstat", false),
    file(path, call) {
      const inode = resolve(path, call, false);
      if (inode === undefined) throw systemError("ENOENT", call, path);
      if (inode.type === "symlink") throw systemError("ELOOP", call, path);
      if (inode.type === "directory") throw systemError("EISDIR", call, path);
      return inode;
    },
    follow(path, call) {
      const inode = resolve(path, call, true);
      if (inode === undefined) throw systemError("ENOENT", call, path);
      if (inode.type === "directory") throw systemError("EISDIR", call, path);
      return inode;
    },
    write(path, content, mode = 0o644) {
      const { directory, name } = parentOf(path, "open");
      const existing = directory.entries.get(name);
      if (existing?.type === "directory") throw systemError("EISDIR", "open", path);
      if (existing?.type === "symlink") throw systemError("ELOOP", "open", path);
      const inode = existing ?? make("file", mode);
      const before = inode.content;
      if (existing === undefined) enter(directory, name, inode);
      const room = tree.capacity - tree.used() + allocatedBytes(before);
      if (allocatedBytes(content) > room) {
        // What fits has been written, as on a real disk that runs full.
        const fitting = copySparse(content);
        for (const number of [...fitting.chunks.keys()].sort((a, b) => b - a))
          if (allocatedBytes(fitting) > room) fitting.chunks.delete(number);
        inode.content = { size: Math.min(content.size, allocatedBytes(fitting)), chunks: fitting.chunks };
        throw systemError("ENOSPC", "write", path);
      }
      inode.content = content;
      inode.mtimeMs = now();
      return inode;
    },
    makeDirectories(path, mode = 0o755) {
      let at = "";
      for (const name of path.split("/").filter((part) => part !== "")) {
        at += `/${name}`;
        const inode = resolve(at, "mkdir", true);
        if (inode === undefined) {
          const parent = parentOf(at, "mkdir");
          enter(parent.directory, parent.name, make("directory", mode));
        } else if (inode.type !== "directory") throw systemError(at === path ? "EEXIST" : "ENOTDIR", "mkdir", path);
      }
    },
    rename(from, to) {
      const source = parentOf(from, "rename");
      const inode = source.directory.entries.get(source.name);
      if (inode === undefined) throw systemError("ENOENT", "rename", from);
      const target = parentOf(to, "rename");
      const existing = target.directory.entries.get(target.name);
      if (existing === inode) return;
      if (existing?.type === "directory" && inode.type !== "directory") throw systemError("EISDIR", "rename", to);
      if (existing !== undefined && existing.type !== "directory" && inode.type === "directory") throw systemError("ENOTDIR", "rename", to);
      if ((existing?.entries.size ?? 0) > 0) throw systemError("ENOTEMPTY", "rename", to);
      drop(target.directory, target.name);
      source.directory.entries.delete(source.name);
      source.directory.mtimeMs = now();
      target.directory.entries.set(target.name, inode);
      target.directory.mtimeMs = now();
    },
    link(from, to) {
      const inode = resolve(from, "link", false);
      if (inode === undefined) throw systemError("ENOENT", "link", from);
      if (inode.type === "directory") throw systemError("EPERM", "link", from);
      const target = parentOf(to, "link");
      if (target.directory.entries.has(target.name)) throw systemError("EEXIST", "link", to);
      enter(target.directory, target.name, inode);
    },
    symlink(target, path) {
      const place = parentOf(path, "symlink");
      if (place.directory.entries.has(place.name)) throw systemError("EEXIST", "symlink", path);
      enter(place.directory, place.name, make("symlink", 0o777, target));
    },
    unlink(path) {
      const inode = resolve(path, "unlink", false);
      if (inode === undefined) return;
      if (inode.type === "directory") throw systemError("EISDIR", "unlink", path);
      const place = parentOf(path, "unlink");
      drop(place.directory, place.name);
    },
    removeTree(path) {
      if (resolve(path, "rm", false) === undefined) return;
      const place = parentOf(path, "rm");
      drop(place.directory, place.name);
    },
    identify(path) {
      const inode = resolve(path, "stat", true);
      if (inode === undefined) return undefined;
      let device = 1;
      const names = path.split("/").filter((name) => name !== "");
      for (let count = 1; count <= names.length; count += 1)
        device = resolve(`/${names.slice(0, count).join("/")}`, "stat", true)?.device ?? device;
      const named = resolve(path, "stat", false);
      const real = named?.type === "symlink" ? (tree.identify(named.target)?.path ?? named.target) : path;
      return { id: `${device}:${inode.number}`, path: real };
    },
    mount(path, fileSystem = make("directory", 0o755)) {
      const { directory, name } = parentOf(path, "mount");
      const covered = directory.entries.get(name);
      if (covered?.type !== "directory") throw systemError("ENOENT", "mount", path);
      fileSystem.device ??= 100 + fileSystem.number;
      fileSystem.covers = covered;
      directory.entries.set(name, fileSystem);
    },
    unmount(path) {
      const { directory, name } = parentOf(path, "umount");
      const mounted = directory.entries.get(name);
      if (mounted?.covers === undefined) throw systemError("EINVAL", "umount", path);
      directory.entries.set(name, mounted.covers);
      return mounted;
    },
    walk: all,
    syncFile(path) {
      const inode = resolve(path, "fsync", false);
      if (inode !== undefined) inode.durable = inode.content;
    },
    syncDirectory(path) {
      const inode = resolve(path, "fsync", true);
      if (inode !== undefined) inode.durableEntries = new Map(inode.entries);
    },
    hasUnsyncedNames(path) {
      const inode = resolve(path, "fsync", true);
      if (inode === undefined) return false;
      const durable = inode.durableEntries ?? new Map<string, Inode>();
      return durable.size !== inode.entries.size || [...inode.entries].some(([name, child]) => durable.get(name) !== child);
    },
    syncAll() {
      for (const [, inode] of all()) {
        if (inode.type === "file") inode.durable = inode.content;
        if (inode.type === "directory") inode.durableEntries = new Map(inode.entries);
      }
    },
    cutPower(names) {
      const seen = new Set<Inode>();
      const cut = (inode: Inode): void => {
        if (seen.has(inode)) return;
        seen.add(inode);
        inode.links = 0;
        if (inode.type === "file") inode.content = inode.durable ?? emptySparse();
        if (names === "lost" && inode.type === "directory") {
          inode.entries.clear();
          for (const [name, child] of inode.durableEntries ?? []) inode.entries.set(name, child);
        }
        for (const child of inode.entries.values()) {
          cut(child);
          child.links += 1;
        }
      };
      cut(root);
      tree.syncAll();
    },
    clone(clock) {
      const copies = new Map<Inode, Inode>();
      let highest = 1;
      const copy = (inode: Inode): Inode => {
        const done = copies.get(inode);
        if (done !== undefined) return done;
        highest = Math.max(highest, inode.number);
        const made: Inode = { ...inode, entries: new Map() };
        copies.set(inode, made);
        for (const [name, child] of inode.entries) made.entries.set(name, copy(child));
        if (inode.durableEntries !== undefined)
          made.durableEntries = new Map([...inode.durableEntries].map(([name, child]) => [name, copy(child)]));
        return made;
      };
      const copied = copy(root);
      const makeNext = (type: Inode["type"], mode: number, target = ""): Inode => ({
        number: ++highest,
        type,
        mode,
        uid: 0,
        gid: 0,
        mtimeMs: clock(),
        links: 0,
        content: emptySparse(),
        entries: new Map(),
        target,
      });
      return treeOn(copied, tree.capacity, clock, makeNext);
    },
  };
  return tree;
}
