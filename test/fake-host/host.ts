import { dirname } from "node:path/posix";
import { DialError } from "../../src/model/channel.ts";
import { CommandError } from "../../src/model/errors.ts";
import type { Host } from "../../src/model/host.ts";
import { fakeDownload } from "./download.ts";
import { fakeFiles } from "./files.ts";
import { openGuestfs } from "./guestfs.ts";
import { openLibvirt } from "./libvirt-server.ts";
import { createLife, type OnEffect } from "./life.ts";
import type { Machine } from "./machine.ts";
import { programs } from "./programs.ts";
import { fakeUnpack } from "./unpack.ts";

/** A process on a machine, as a `Host`. */
export interface FakeHost extends Host {
  readonly machine: Machine;
  /** How many effects it has had. */
  readonly effects: number;
  /** What they were, in order. */
  readonly trace: readonly string[];
  /** Whether it was killed. */
  readonly dead: boolean;
  /** Lets `count` effects happen in all; the next one throws `Killed`, and so does everything after it. `half`: that one is half done. */
  dieAfter(count: number, options?: { readonly half?: boolean }): void;
  /** Calls back before each effect, while the machine is as a kill at this effect would leave it. */
  onEffect(call: OnEffect): void;
  /** Kills it now. */
  kill(): void;
}

/** Process number `pid` on a machine. */
export function createHost(machine: Machine, pid: number): FakeHost {
  const life = createLife(machine.files);
  const ends: (() => Promise<void>)[] = [];
  const owner = {};
  life.onDeath(() => machine.locks.release(owner));
  const world = { files: machine.files, libvirtd: machine.libvirtd, life };
  // Not microtasks: what a program does comes after everything that the process itself can do without waiting.
  const later = (work: () => void) => void setImmediate(work);
  const files = fakeFiles(machine, life, pid);
  return {
    name: "the fake machine",
    machine,
    get effects() {
      return life.effects.length;
    },
    get trace() {
      return life.effects;
    },
    get dead() {
      return life.dead;
    },
    dieAfter: (count, options = {}) => life.dieAfter(count, options.half === true),
    onEffect: (call) => life.onEffect(call),
    kill: () => life.kill(),
    files,
    download: (request) => fakeDownload(machine, life, request),
    unpack: (request) => fakeUnpack(machine, life, request),
    now: () => {
      life.check("look at the clock");
      return new Date(machine.tick());
    },
    lock: async (request, work) => {
      life.check(`lock ${request.path}`);
      await files.makeDirectory(dirname(request.path));
      return machine.locks.hold(owner, request, work);
    },
    isLocked: async (path) => {
      life.check(`look at the lock ${path}`);
      return machine.locks.isHeld(path);
    },
    async run(command) {
      const { program, args, stdin, onLine } = command;
      const commandLine = [program, ...args].join(" ");
      life.check(commandLine);
      await new Promise<void>(later);
      life.check(commandLine);
      const found = programs[program];
      const fail = (reason: CommandError["reason"], exitCode: number | undefined, stderr: string) =>
        new CommandError({ commandLine, exitCode, stderr, reason, detail: "", summary: `${commandLine} failed: ${stderr.trim()}` });
      if (command.signal?.aborted === true) throw fail("aborted", undefined, "");
      if (found === undefined) throw fail("missing", undefined, `${program}: not found`);
      const end = found({ args, stdin: Buffer.from(stdin ?? ""), ...world });
      for (const line of `${end.out}`.split(/[\r\n]+/)) if (line !== "") onLine?.(line);
      if (!(command.okExitCodes ?? [0]).includes(end.exitCode)) throw fail("exit", end.exitCode, end.err);
      return { exitCode: end.exitCode, stdout: end.out, stderr: end.err };
    },
    open({ program, args }) {
      life.check(program);
      if (args.some((word) => word.includes("import guestfs"))) return openGuestfs(world);
      throw new Error(`no program of this machine can be talked to: ${program}`);
    },
    dial: async (path) => {
      life.check(`connect to ${path}`);
      await new Promise<void>(later);
      life.check(`connect to ${path}`);
      return openLibvirt(world, path, later);
    },
    connect: async (address, port, onData) => {
      life.check(`connect to ${address}:${port}`);
      const greeting = machine.servers.get(`${address}:${port}`);
      if (greeting === undefined) throw new DialError(`port ${port} of ${address}`, "refused", "connection refused");
      setImmediate(() => onData(Buffer.from(greeting)));
      return { onData, ended: new Promise(() => undefined), write: () => undefined, close: () => undefined };
    },
    account: async () => ({
      root: true,
      uid: 0,
      gid: 0,
      runtimeDirectory: null,
      cacheDirectory: "/root/.cache",
      stateDirectory: "/var/lib/virtform",
    }),
    onClose: (end) => void ends.push(end),
    async close() {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}
