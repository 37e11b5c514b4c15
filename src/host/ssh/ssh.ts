import { stat } from "node:fs/promises";
import { userError } from "../../model/errors.ts";
import type { Command, Host, Upload } from "../../model/host.ts";
import type { Peer } from "../../model/peer.ts";
import type { StartLimits } from "./channel.ts";
import { openOverSsh, runOverSsh } from "./command.ts";
import { createSshConnection } from "./connection.ts";
import { createSshDial } from "./dial.ts";
import { downloadWithCurl } from "./download.ts";
import { createSshFiles } from "./files.ts";
import type { Greeting } from "./greeting.ts";
import { createSshHelper, type SshHelper } from "./helper.ts";
import type { KeepConnections } from "./keep-connections.ts";
import { isLockedOverSsh, lockOverSsh, rewriteOverSsh } from "./lock.ts";
import { pullOverSsh } from "./pull.ts";
import type { SshTarget } from "./target.ts";
import { downloadHereAndPush, pullHereAndPush, uploadOverSsh } from "./transfer.ts";
import { unpackOverSsh } from "./unpack.ts";

/** A host reached over ssh. */
export interface SshHost extends Host {
  readonly libvirtUri: string;
  upload(request: Upload): ReturnType<NonNullable<Host["upload"]>>;
  pull: Peer["pull"];
  readonly rewrite: NonNullable<Host["rewrite"]>;
  /** Connects and reports which programs exist. Throws a SshConnectError that names the hop that failed. */
  greeting(): Promise<Greeting>;
}

/**
 * A host reached through the system's ssh, over one connection. Its configuration, agent and known_hosts apply, and ssh never
 * prompts. The host is contacted with the first request. A connection that is lost is an
 * UnreachableError for all running and later requests: an object that cannot be read is never treated as missing.
 */
export function createSshHost(
  target: SshTarget,
  options: {
    readonly onRoundTrip?: (what: string) => void;
    readonly startLimits?: StartLimits;
    /** How long a look may take. */
    readonly answerMs?: number;
    /** Keeps the connection for later runs, and uses that of an earlier one. Absent: it is made for this host object, and ends with it. */
    readonly keep?: KeepConnections | undefined;
  } = {},
): SshHost {
  const name = target.destination;
  const tell = options.onRoundTrip ?? (() => undefined);
  const connection = createSshConnection(target, options.startLimits, options.keep);
  const helper = createSshHelper(connection, name, tell, options.answerMs);
  const ends: (() => Promise<void>)[] = [];
  let checked: Promise<Greeting> | undefined;

  /** Before anything else: without these programs the helper cannot work. */
  function ready(): Promise<Greeting> {
    checked ??= connection.greeting().then((greeting) => {
      if (greeting.missing.length > 0) throw programsMissing(name, greeting.missing);
      return greeting;
    });
    return checked;
  }

  const readyHelper: SshHelper = {
    ...helper,
    ask: async (request, asked) => {
      await ready();
      return helper.ask(request, asked);
    },
  };
  const run = (command: Command) => runOverSsh(readyHelper, command);
  const files = createSshFiles(readyHelper);
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
    ...createSshDial(readyHelper, ready),
    account: async () => (await ready()).account,
    files,
    upload,
    receive: (peer, request) => pullHereAndPush(upload, peer, request),
    async pull(request) {
      await ready();
      return pullOverSsh(connection, name, request);
    },
    route: {
      downloads: async () => (await ready()).extra.includes("curl"),
      bytesHere: async (path) => {
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() === true ? found.size : undefined;
      },
    },
    download: async (request) => {
      const { client, authorities, insecure } = request.access ?? {};
      // Certificates and keys of a client stay on this machine.
      const itself = client === undefined && authorities === undefined && insecure === undefined && (await ready()).extra.includes("curl");
      return itself ? downloadWithCurl(run, files, request) : downloadHereAndPush(upload, request);
    },
    unpack: (request) => unpackOverSsh(readyHelper, request),
    lock: (request, work) => lockOverSsh({ connection, helper: readyHelper, name }, request, work),
    rewrite: (request, file, change, guess) => rewriteOverSsh({ connection, helper: readyHelper, name }, request, file, change, guess),
    isLocked: (path) => isLockedOverSsh(readyHelper, path),
    now: () => new Date(),
    onClose(end) {
      ends.push(end);
    },
    async close() {
      await using stack = new AsyncDisposableStack();
      stack.defer(() => connection.close(!helper.owesNothing()));
      for (const end of ends.splice(0)) stack.defer(end);
    },
  };
}

function programsMissing(name: string, missing: readonly string[]): Error {
  return userError(
    "remote-programs-missing",
    `${name} lacks programs that virtform needs there: ${missing.join(", ")}`,
    "Install on the host: python3 (package python3; platform-python of Red Hat also works), coreutils (GNU), util-linux. No agent is needed.",
  );
}
