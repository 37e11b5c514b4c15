import { dirname } from "node:path/posix";
import { createFileTree, type FileTree } from "./file-tree.ts";
import { createHost, type FakeHost } from "./host.ts";
import { createLibvirtd, type Libvirtd } from "./libvirtd.ts";
import { createLocks, type Locks } from "./locks.ts";
import { fingerprintSparse, sparseOf } from "./sparse.ts";

/** What a URL answers: bytes, or the words of a failure; `breakAfter` ends the transfer after so many bytes. */
export type Answer = Uint8Array | { readonly fails: string } | { readonly bytes: Uint8Array; readonly breakAfter: number };

/** One machine: its disk, its libvirt, its clock, and the net around it. Processes on it are hosts. */
export interface Machine {
  readonly files: FileTree;
  readonly libvirtd: Libvirtd;
  readonly locks: Locks;
  readonly urls: Map<string, Answer>;
  /** What servers that the machine reaches send first, by `ADDRESS:PORT`. */
  readonly servers: Map<string, string>;
  /** Whether a process of this number runs. */
  isAlive(pid: number): boolean;
  /** A new process on this machine. */
  boot(): FakeHost;
  /** Milliseconds; every look at the clock takes one. */
  tick(): number;
  /** Puts a file there as another program would, with the directories above it. */
  put(path: string, content: string | Uint8Array, mode?: number): void;
  /** The machine is switched off and on: no process and no guest runs any more. */
  reboot(): FakeHost;
  /** Another machine in the same state, without processes. */
  clone(): Machine;
  /**
   * Everything that lasts, as lines: each file with mode, size and content, each domain with its state and XML. Times, inode
   * numbers, ports of bridges, which have the numbers of guests in their names, and what `ignore` matches are left out.
   */
  snapshot(ignore?: RegExp): string[];
}

/** A machine with an empty disk of `capacity` bytes (default 1 TiB), libvirt running, and the network `default`. */
export function createMachine(options: { readonly capacity?: number } = {}): Machine {
  const clock = { now: Date.UTC(2026, 0, 1), pid: 0 };
  const files = createFileTree(options.capacity ?? 2 ** 40, () => ++clock.now);
  files.makeDirectories("/tmp", 0o777);
  return machineOn(files, createLibvirtd(files), { urls: new Map(), servers: new Map() }, clock);
}

function machineOn(
  files: FileTree,
  libvirtd: Libvirtd,
  { urls, servers }: Pick<Machine, "urls" | "servers">,
  clock: { now: number; pid: number },
): Machine {
  const locks = createLocks();
  const processes = new Map<number, FakeHost>();
  const machine: Machine = {
    files,
    libvirtd,
    locks,
    urls,
    servers,
    isAlive: (pid) => processes.get(pid)?.dead === false,
    boot() {
      const pid = ++clock.pid;
      const host = createHost(machine, pid);
      processes.set(pid, host);
      return host;
    },
    tick: () => ++clock.now,
    put(path, content, mode = 0o644) {
      files.makeDirectories(dirname(path));
      files.write(path, sparseOf(Buffer.from(content)), mode).mode = mode;
    },
    reboot() {
      for (const one of processes.values()) one.kill();
      for (const domain of libvirtd.all()) if (domain.live !== undefined) libvirtd.destroy(domain);
      libvirtd.secrets.restart();
      libvirtd.networks.reboot();
      return machine.boot();
    },
    clone() {
      const time = { ...clock };
      const copied = files.clone(() => ++time.now);
      return machineOn(copied, libvirtd.clone(copied), { urls: new Map(urls), servers: new Map(servers) }, time);
    },
    snapshot(ignore = /(?!)/) {
      const lines = files
        .walk()
        .filter(([path]) => !ignore.test(path) && !path.includes("/brif/"))
        .map(([path, inode]) => {
          const mode = inode.mode.toString(8);
          if (inode.type === "directory") return `${path === "/" ? "" : path}/ ${mode}`;
          if (inode.type === "symlink") return `${path} -> ${inode.target}`;
          return `${path} ${mode} ${inode.content.size} ${fingerprintSparse(inode.content)}`;
        });
      const domains = libvirtd
        .all()
        .map(
          (domain) =>
            `domain ${domain.name} ${domain.uuid} ${domain.state}${domain.saved === undefined ? "" : " saved"}${domain.autostart ? " autostart" : ""} ${libvirtd.document(domain, true)}`,
        );
      const secrets = libvirtd.secrets.all().map(({ uuid, document, value }) => `secret ${uuid} ${document} ${value}`);
      const networks = libvirtd.networks.all().map((network) =>
        [
          `network ${network.name} ${network.uuid}${network.autostart ? " autostart" : ""}`,
          libvirtd.networks.document(network, true),
          // What runs keeps the label that it was started with.
          network.live === undefined ? "not active" : libvirtd.networks.document(network, false).replace(/<metadata>.*<\/metadata>/s, ""),
        ].join(" "),
      );
      const filters = libvirtd.filters.all().map(({ name, uuid, document }) => `filter ${name} ${uuid} ${document}`);
      const bindings = [...libvirtd.filters.bindings()].map(([, filter]) => `binding ${filter}`);
      return [...lines, ...domains.sort(), ...secrets, ...networks.sort(), ...filters.sort(), ...bindings.sort()];
    },
  };
  return machine;
}
