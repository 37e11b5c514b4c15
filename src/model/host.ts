import type { Retry } from "./action.ts";
import type { Channel, Opening } from "./channel.ts";
import type { Growth } from "./growth.ts";
import type { Compression } from "./packing.ts";
import type { Peer } from "./peer.ts";
import type { StatusWords, Validators, WebAccess } from "./web-access.ts";

/** One program to run. Never a shell: `args` reach it as they are. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** A file without a name: the program may open `/dev/stdin` as well, which is how secrets are handed over. */
  readonly stdin?: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  /** Bounds for programs that read untrusted data (Nova FET-06: 30 s of CPU, 2 GiB of address space). */
  readonly limits?: {
    readonly cpuSeconds: number;
    readonly addressSpaceBytes: number;
    /** Length of a file that it writes. */
    readonly fileBytes?: number;
  };
  /** The one processor that it runs on, as the kernel of the host numbers them. Where the host refuses that, it runs on any. */
  readonly processor?: number;
  /** Exit codes that are answers rather than failures. Default: only 0. */
  readonly okExitCodes?: readonly number[];
  /** Extra environment. `LC_ALL=C` is always set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every piece of output between line ends or carriage returns, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a program that ended acceptably left behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program kept running to be talked to line by line. */
export interface Conversation {
  write(text: string): void;
  /** Both are called with text as it arrives, cut anywhere. Set them before the first write. */
  onOutput: (text: string) => void;
  onError: (text: string) => void;
  /** Resolves when the program has ended, however it ended. */
  readonly ended: Promise<{ readonly exitCode: number | undefined }>;
  /** Ends its input and lets it finish. */
  close(): Promise<void>;
  kill(): void;
}

/** What is at a path. Sizes are bytes; `allocated` is what it takes on the disk. */
export interface FileStat {
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  readonly allocated: number;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly inode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
}

/** A file as it was when its reading began. */
export type FilePlace = Pick<FileStat, "size" | "mtimeMs" | "inode"> & { readonly path: string };

/** User and group that a file belongs to, as the kernel numbers them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The object that a path leads to. */
export interface FileIdentity {
  /** `DEVICE:INODE`, equal for all names of one file or directory; for a device node `node:NUMBER`. */
  readonly id: string;
  /** Its path without links. */
  readonly path: string;
}

/** Digests that a host can compute while it transfers. */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512" | "sha224" | "sha1" | "md5";
/** Lower-case hex by algorithm. */
export type Digests = Partial<Record<DigestAlgorithm, string>>;

/** Bytes done of those to be done. */
export type ByteProgress = (done: number, total: number | undefined) => void;

/**
 * When the names that a change gives or takes are on the disk: `now`, before it ends, or `later`, with the next `settle` or change of the same
 * directory. Content is always on the disk before it gets its final name, so that no name leads to half a file after a power cut.
 */
export type Names = "now" | "later";

/** One of several changes that are made together. */
export type FileChange =
  | { readonly do: "makeDirectory"; readonly path: string; readonly mode?: number }
  /** Replaces the file as a whole. `staged`: half of it after a kill or a power cut does no harm, as of a file that will be published. */
  | { readonly do: "write"; readonly path: string; readonly data: string | Uint8Array; readonly mode?: number; readonly staged?: true }
  /** Makes an empty file; no-op when one exists. */
  | { readonly do: "makeFile"; readonly path: string; readonly mode: number }
  | { readonly do: "copy"; readonly from: string; readonly to: string }
  | { readonly do: "publish"; readonly staged: string; readonly final: string; readonly mode: number }
  | { readonly do: "remove"; readonly path: string }
  | { readonly do: "touch"; readonly path: string }
  /** Keeps a log: `PATH` becomes `PATH.previous-1` (`rotatedName`), that becomes `PATH.previous-2`, and so on up to `keep`. No-op when it is absent or empty. */
  | { readonly do: "rotate"; readonly path: string; readonly keep: number };

/**
 * The files of the machine. Everything that publishes does so whole: the content is on the disk before a final name appears, and
 * so is the name unless it is left for later. Symbolic links at the final component are never followed when reading what a guest
 * or another user could have put there.
 */
export interface Files {
  /** Content, or part of it; undefined when there is no such file. */
  read(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Buffer | undefined>;
  /**
   * Many at once, in the order asked for: one round trip where the machine is far away. Undefined also for anything that is not a
   * regular file, so that one odd entry does not hide the others. Equal contents may be one buffer: it is not written to.
   */
  readMany(requests: readonly { readonly path: string; readonly length?: number }[]): Promise<(Buffer | undefined)[]>;
  stat(path: string): Promise<FileStat | undefined>;
  statMany(paths: readonly string[]): Promise<(FileStat | undefined)[]>;
  /** Which object each path leads to, links followed, in the order asked for. Undefined when the path leads nowhere. */
  identify(paths: readonly string[]): Promise<(FileIdentity | undefined)[]>;
  /** Entries of a directory sorted by name; empty when there is none. */
  list(path: string): Promise<{ readonly name: string; readonly type: FileStat["type"] }[]>;
  /** Creates the directory and its parents; no-op if it exists. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Temporary name, fsync, rename, fsync of the directory. Default mode 0644. */
  writeAtomic(path: string, data: string | Uint8Array, mode?: number): Promise<void>;
  /**
   * Makes changes in order, with one wait for the disk at the end and, on a machine elsewhere, one round trip. Stops at the first
   * that fails. Gives what each `write` made, undefined for others. `settle`: directories whose names go to the disk as well.
   */
  change(changes: readonly FileChange[], names?: Names, settle?: readonly string[]): Promise<(FileStat | undefined)[]>;
  /** Puts names on the disk that were left for later: those in these directories, or all. */
  settle(directories?: readonly string[]): Promise<void>;
  /** Copies, keeping holes, digesting on the way. Neither atomic nor on the disk yet: use a staged name, then `publish`. */
  copy(
    from: string,
    to: string,
    options?: {
      readonly digests?: readonly DigestAlgorithm[];
      readonly maxBytes?: number;
      readonly onProgress?: ByteProgress;
      readonly signal?: AbortSignal;
      /** Follow a symbolic link at `from`: only for a path that the user wrote. */
      readonly followLinks?: boolean;
    },
  ): Promise<{ readonly bytes: number; readonly digests: Digests }>;
  /** Fsync, set the mode, rename to the final name, fsync the directory. */
  publish(staged: string, final: string, mode: number): Promise<void>;
  /** A second name for the same file. No-op if `to` already is that file. */
  link(from: string, to: string): Promise<void>;
  /** No-op if absent. */
  remove(path: string): Promise<void>;
  /** Removes a directory with its content; no-op if absent. */
  removeTree(path: string): Promise<void>;
  /** Sets the modification time to now. A refusal for lack of permission is ignored (Nova CACHE-09). */
  touch(path: string): Promise<void>;
  /** Sets the length of a file, making it when there is none; holes read as zeros. */
  truncate(path: string, bytes: number): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Only root may give files away. A link is refused, as by `setMode`. */
  setOwner(path: string, owner: Owner): Promise<void>;
  /** Appends lines. They are on the disk when it ends only with `durable`. */
  appendLines(path: string, lines: readonly string[], options?: { readonly durable?: boolean }): Promise<void>;
  /** Free and total bytes of the filesystem that holds the path or its nearest existing parent. */
  space(path: string): Promise<{
    readonly total: number;
    readonly free: number /** The filesystem's magic number (statfs f_type). */;
    readonly filesystem?: number;
  }>;
  /** Throws a UserError (`interrupted`) when the signal aborts. */
  digest(path: string, algorithms: readonly DigestAlgorithm[], onProgress?: ByteProgress, signal?: AbortSignal): Promise<Digests>;
  /**
   * Digests parts of a file, one after the other, as one content. The file is opened at once, and may be removed before the parts are known; what lies behind its
   * end is zeros. Rejects as `parts` does. Absent where reading the result of a conversion takes no longer.
   */
  digestParts?(
    path: string,
    parts: Promise<readonly FilePart[]>,
    algorithms: readonly DigestAlgorithm[],
    onProgress?: ByteProgress,
    signal?: AbortSignal,
  ): Promise<Digests>;
  /**
   * Digests a file while it is written, and puts it on the disk meanwhile. It exists as soon as a byte of it is final. Absent where a digest would be as fast
   * afterwards.
   */
  digestBehind?(
    path: string,
    algorithms: readonly DigestAlgorithm[],
    growth: Growth,
    onProgress?: ByteProgress,
    signal?: AbortSignal,
  ): {
    /** Rejects when writing failed. */
    readonly digests: Promise<Digests>;
    /**
     * Ends when all of it is on the disk, or writing has failed. Rejects when the disk refused what was written, which the kernel reports once: the file
     * must not be used then.
     */
    readonly synced: Promise<void>;
  };
}

/** A download to a staged name, with digests computed while the bytes come. */
export interface Download {
  readonly url: string;
  /** Further addresses of the same bytes, asked in turn; an address with a permanent failure is not asked again. */
  readonly alternatives?: readonly string[];
  /** The digest that the bytes must have. Content of an address that has another one is given up for that of the next address. */
  readonly expected?: { readonly algorithm: DigestAlgorithm; readonly hex: string };
  readonly access?: WebAccess;
  /** Servers of alternatives get the credentials of `access`, too. Otherwise only the server of `url` does. */
  readonly sharedAccess?: boolean;
  /** Follow a redirection from https to http: only where the digests are verified afterwards. */
  readonly insecureRedirects?: boolean;
  /**
   * What is at the address never changes, and the digests are verified afterwards: a download is continued without validators, also
   * from an alternative. Otherwise it is continued only where the server proves that the file is the same.
   */
  readonly immutable?: boolean;
  /** Further attempts after one that brought little new. Default: 3, and one for each alternative. */
  readonly retries?: number;
  /** Milliseconds after the last time that something new came, after which no attempt is made. Default: no limit. */
  readonly retryMs?: number;
  /** What a status means, where the usual words do not fit. */
  readonly explain?: (status: number) => StatusWords | undefined;
  /**
   * Path of a record beside `to`. With it, a download that is killed or stopped, or whose server fails, keeps what has come, and the next
   * one with the same addresses continues it. Removed with the end of the download, and with everything that must not be used.
   */
  readonly record?: string;
  /** Unpacks what comes as well. A host that cannot do both at once leaves it to `Host.unpack`. */
  readonly unpack?: Unpacking;
  readonly to: string;
  readonly digests: readonly DigestAlgorithm[];
  /** Refuse more than this. */
  readonly maxBytes?: number;
  readonly onProgress?: ByteProgress;
  /** Called before the pause after which a transfer that failed is tried again. */
  readonly onRetry?: (retry: Retry) => void;
  readonly signal?: AbortSignal;
}

/** Where the content of a compressed transfer goes while it comes. */
export interface Unpacking {
  readonly compression: Compression;
  /** A staged name: what is there is replaced. */
  readonly to: string;
  /** Of the content. */
  readonly digests: readonly DigestAlgorithm[];
  /** Refuse more content than this; holes do not count. */
  readonly maxBytes?: number;
}

/** `length` bytes of a file from `offset` on; with null as offset, that many zeros. */
export interface FilePart {
  readonly offset: number | null;
  readonly length: number;
}

/** A file of the host that is unpacked: decompressed, or parts of it taken out. */
export type Unpack = UnpackedFile & (Decompressed | TakenOut);

interface Decompressed {
  readonly compression: Compression;
}

interface TakenOut {
  readonly compression: null;
  /** What is taken out, in this order. */
  readonly parts: readonly FilePart[];
}

interface UnpackedFile extends Omit<Unpacking, "compression"> {
  readonly from: string;
  /** Follow a symbolic link at `from`: only for a path that the user wrote. */
  readonly followLinks?: boolean;
  /** Digests of `from` itself; only without parts. */
  readonly packedDigests?: readonly DigestAlgorithm[];
  /** Refuse a longer file. */
  readonly maxPacked?: number;
  /** Bytes of `from` that are done. */
  readonly onProgress?: ByteProgress;
  readonly signal?: AbortSignal;
}

/** Bytes that have come to a staged name. */
export interface Transferred {
  readonly bytes: number;
  readonly digests: Digests;
  /** The file itself, where it is used in its place: nothing was written to the staged name. */
  readonly place?: FilePlace;
  /** The content, where the transfer was asked to unpack it and did. */
  readonly content?: { readonly bytes: number; readonly digests: Digests };
  /** What the server of the address itself said about the version of the file. Absent where an alternative gave the first bytes. */
  readonly validators?: Validators;
  /** The alternative that gave the last bytes. Absent: the address itself did. */
  readonly mirror?: string;
}

/** A file of the machine that virtform runs on, to be pushed to a host elsewhere. A symbolic link at `from` is followed. */
export interface Upload {
  readonly from: string;
  /** A staged name: what is there is replaced. */
  readonly to: string;
  readonly digests: readonly DigestAlgorithm[];
  /** Refuse more than this. */
  readonly maxBytes?: number;
  readonly onProgress?: ByteProgress;
  readonly signal?: AbortSignal;
}

/** A lock to take. */
export interface LockRequest {
  /** Absolute path without the `.lock` ending. Its directory is made where it is missing. */
  readonly path: string;
  /** What it is held for: `apply of project shop`. */
  readonly purpose: string;
  /** Holds an exclusive POSIX lock on the file `path` as well, for programs that lock it so: Nova does (LAY-13). The file stays. */
  readonly withFile?: true;
  /** 0: do not wait. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called once when the lock is held elsewhere. */
  readonly onWait?: (holder: string) => void;
}

/**
 * Puts all names on the disk that were left for later, then appends lines to a file, then releases the lock: one round trip. Gives why the lines could not be
 * appended. Throws what went wrong with the names, without appending, and what a lock that was lost throws. The lock is released in any case.
 */
export type SettleAndEnd = (last: { readonly path: string; readonly lines: readonly string[] }) => Promise<Error | undefined>;

/** What a file is expected to hold (undefined: there is none) and the changes that are made if it does: those that would be decided on. */
export interface Guess {
  readonly content: Buffer | undefined;
  readonly changes: readonly FileChange[];
}

/** The user that programs on the host run as, for the places of sockets. */
export interface Account extends Owner {
  readonly root: boolean;
  /** `$XDG_RUNTIME_DIR`; null where it is not set. */
  readonly runtimeDirectory: string | null;
  /** `$XDG_CACHE_HOME`, or `~/.cache`. */
  readonly cacheDirectory: string;
  /** What is recorded about the host apart from the instances path: `/var/lib/virtform`, or `$XDG_STATE_HOME/virtform` of an ordinary user. */
  readonly stateDirectory: string;
}

/** The only door to a machine, here or over ssh. */
export interface Host {
  /** For messages: `this machine`, `root@kvm1`. */
  readonly name: string;
  /** Runs to the end. Throws a CommandError unless the exit code is acceptable. */
  run(command: Command): Promise<CommandResult>;
  /** Starts a program to talk to. */
  open(command: Pick<Command, "program" | "args" | "env">): Conversation;
  /** Opens a byte stream to a unix socket of the host. Throws a DialError. A distant host may send `opening` in the same round trip. */
  dial(path: string, opening?: Opening): Promise<Channel>;
  /** Opens a byte stream from the host to a port of an IP address. `onData`: of the channel; a server may be the first to speak. Throws a DialError. */
  connect(address: string, port: number, onData: Channel["onData"]): Promise<Channel>;
  account(): Promise<Account>;
  readonly files: Files;
  download(request: Download): Promise<Transferred>;
  /**
   * Unpacks a file. The result is about `from`; its `content` is about what came out. When it fails, nothing is left at `to`. Throws a
   * RefusedError for content that is damaged, cut off (`image-unpack`) or larger than it may be (`image-too-large`, `image-bomb`).
   */
  unpack(request: Unpack): Promise<Transferred & Required<Pick<Transferred, "content">>>;
  /** Only of a host elsewhere: pushes a file from here. Undefined when there is no such file here. */
  upload?(request: Upload): Promise<{ readonly bytes: number; readonly digests: Digests } | undefined>;
  /** Only of a host elsewhere: brings a file of a peer to it, by way of this machine. */
  receive?(peer: Peer, request: Upload): ReturnType<Peer["pull"]>;
  /** Only of a host elsewhere: the way that images take to it. */
  readonly route?: {
    /** Whether the host downloads by itself; otherwise bytes are downloaded here and pushed. */
    downloads(): Promise<boolean>;
    /** Length of a file of the machine that virtform runs on, following a link; undefined when there is no such file. */
    bytesHere(path: string): Promise<number | undefined>;
  };
  /** The libvirt connection to use on the host itself; absent where that is the configured one. */
  readonly libvirtUri?: string;
  /**
   * Runs `work` while holding the lock. Throws a UserError naming the holder when the time is up. A lock that is lost meanwhile aborts
   * the signal that `work` is given; `work` is waited for all the same, and what it then gives is thrown away for the signal's reason. `end`, only of a
   * host elsewhere: for the last thing that `work` does.
   */
  lock<T>(request: LockRequest, work: (lost: AbortSignal, end?: SettleAndEnd) => Promise<T>): Promise<T>;
  /**
   * Only of a host elsewhere: takes a lock, reads up to `length` bytes of a file, makes the changes that `change` decides on, with names
   * that are put on the disk later, and releases the lock: two round trips, or one where `guess` is right. The content is undefined where there is no regular
   * file. Throws as `lock` does.
   */
  rewrite?(
    request: LockRequest,
    file: { readonly path: string; readonly length: number },
    change: (content: Buffer | undefined) => Promise<readonly FileChange[]>,
    guess?: Guess,
  ): Promise<void>;
  /** Called with each libvirt call and its duration if the user asked for a trace. */
  readonly onTrace?: (what: string, milliseconds: number) => void;
  /** Whether a process that runs, as far as that can be known, holds the lock of this path. Takes no lock. */
  isLocked(path: string): Promise<boolean>;
  now(): Date;
  /** Things to end when the host is done with: last registered, first ended. */
  onClose(end: () => Promise<void>): void;
  close(): Promise<void>;
}
