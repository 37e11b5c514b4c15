import { stat } from "node:fs/promises";
import { userError } from "../../model/errors.ts";
import type { Command, Host, Upload } from "../../model/host.ts";
import { runBriefly } from "./brief.ts";
import type { StartLimits } from "./channel.ts";
import { openOverSsh, runOverSsh } from "./command.ts";
import { createSshConnection } from "./connection.ts";
import { downloadWithCurl } from "./download.ts";
import { createSshFiles } from "./files.ts";
import type { Greeting } from "./greeting.ts";
import { lockOverSsh } from "./lock.ts";
import type { SshTarget } from "./target.ts";
import { downloadHereAndPush, uploadOverSsh } from "./transfer.ts";
import { createSshWorkers } from "./worker.ts";

/** A machine at the other end of ssh. */
export interface SshHost extends Host {
  readonly libvirtUri: string;
  upload(request: Upload): ReturnType<NonNullable<Host["upload"]>>;
  /** Connects and tells what is there. Throws a SshConnectError that names the hop that failed. */
  greeting(): Promise<Greeting>;
}

/** Shells that are kept for files; each takes a channel, of which sshd allows ten. */
const shells = 2;
/** And for brief programs: looks at files do not wait for them. */
const briefShells = 2;

/**
 * A machine reached by the system's ssh, over one connection: its configuration, agent and known_hosts count, and nothing is
 * ever asked for on the way. Nothing is contacted before the first thing is wanted. A connection that is lost is an
 * UnreachableError for everything under way and everything after: never is what cannot be seen taken for absent.
 */
export function createSshHost(
  target: SshTarget,
  options: { readonly onRoundTrip?: (what: string) => void; readonly startLimits?: StartLimits } = {},
): SshHost {
  const name = target.destination;
  const tell = options.onRoundTrip ?? (() => undefined);
  const connection = createSshConnection(target, options.startLimits);
  const workers = createSshWorkers(connection, name, shells, tell);
  const briefWorkers = createSshWorkers(connection, name, briefShells, () => undefined);
  const ends: (() => Promise<void>)[] = [];
  let checked: Promise<Greeting> | undefined;

  /** Before anything else: without these programs every answer would be a riddle. */
  function ready(): Promise<Greeting> {
    checked ??= connection.greeting().then((greeting) => {
      if (greeting.missing.length > 0) throw programsMissing(name, greeting.missing);
      return greeting;
    });
    return checked;
  }

  const run = async (command: Command) => {
    await ready();
    tell(`${command.program} ${command.args[0] ?? ""}`);
    const alone = command.brief !== true || command.stdin !== undefined || command.onLine !== undefined;
    return alone ? runOverSsh(connection, name, command) : runBriefly(briefWorkers, command);
  };
  const readyWorkers = {
    ...workers,
    run: async (...args: Parameters<typeof workers.run>) => {
      await ready();
      return workers.run(...args);
    },
  };
  const files = createSshFiles(readyWorkers, run);
  const upload = async (request: Upload) => {
    await ready();
    return uploadOverSsh(connection, name, request);
  };
  return {
    name,
    libvirtUri: target.libvirtUri,
    greeting: () => connection.greeting(),
    run,
    open: (command) => openOverSsh(connection, command),
    files,
    upload,
    route: {
      downloads: async () => (await ready()).extra.includes("curl"),
      bytesHere: async (path) => {
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() === true ? found.size : undefined;
      },
    },
    download: async (request) =>
      (await ready()).extra.includes("curl") ? downloadWithCurl(run, files, request) : downloadHereAndPush(upload, request),
    lock: async (request, work) => {
      await ready();
      return lockOverSsh(connection, name, request, work);
    },
    now: () => new Date(),
    onClose(end) {
      ends.push(end);
    },
    async close() {
      await using stack = new AsyncDisposableStack();
      stack.defer(() => connection.close());
      stack.defer(() => Promise.all([workers.close(), briefWorkers.close()]).then(() => undefined));
      for (const end of ends.splice(0)) stack.defer(end);
    },
  };
}

function programsMissing(name: string, missing: readonly string[]): Error {
  return userError(
    "remote-programs-missing",
    `${name} lacks programs that virtform needs there: ${missing.join(", ")}`,
    "Install coreutils (GNU) and util-linux on the host. Nothing else, and no agent, is needed besides libvirt and qemu-img.",
  );
}
