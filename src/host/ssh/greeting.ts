import type { Readable } from "node:stream";
import type { Account } from "../../model/host.ts";
import { onEnd, restOf, type SshProcess, type StartLimits } from "./channel.ts";
import { SshConnectError, sshTrouble } from "./trouble.ts";

/** What the remote side reported when the connection was made. */
export interface Greeting {
  /** Required programs that are missing. */
  readonly missing: readonly string[];
  /** Optional programs that exist: curl. */
  readonly extra: readonly string[];
  /** Sockets of libvirt that do not exist on this host, of those that are looked for first. */
  readonly noSockets: readonly string[];
  readonly account: Account;
}

/** An ssh that was started. */
export interface StartedSsh {
  readonly child: SshProcess;
  /** What it has written to its error output. */
  readonly errors: () => string;
  /** Its exit code where it has ended already; null: it was killed. */
  readonly closed: number | null | undefined;
}

/**
 * Waits for the greeting; `rest` is what comes after it. Throws a SshConnectError that names the hop that failed: also when the login
 * shell does not answer in time, or prints more than `limits` allow.
 */
export function greetingOf(
  { child, errors, closed }: StartedSsh,
  nonce: string,
  name: string,
  limits: StartLimits,
): Promise<{ readonly greeting: Greeting; readonly rest: Readable }> {
  return new Promise((resolve, reject) => {
    let output = Buffer.alloc(0);
    const shellHint = `A startup file of the login shell there (.bashrc, .profile) or a forced command may print or wait for input. Try \`ssh ${name} true\`.`;
    const fail = (error: SshConnectError) => {
      settle();
      reject(error);
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => {
      const words = `the login shell did not answer within ${limits.timeoutMs / 1000} s`;
      fail(new SshConnectError(name, words, { hop: "shell", hint: shellHint }));
    }, limits.timeoutMs);
    const settle = () => {
      output = Buffer.alloc(0);
      clearTimeout(timer);
      child.stdout.off("data", search);
    };
    const search = (chunk: Buffer) => {
      output = Buffer.concat([output, chunk]);
      // Output of the login shell's startup files comes before the first mark.
      const first = output.indexOf(`${nonce}\n`);
      const last = first === -1 ? -1 : output.indexOf(`${nonce}\n`, first + nonce.length);
      if (last === -1) {
        if (output.length <= limits.bytes) return;
        const words = `the login shell printed more than ${limits.bytes} bytes before it ran a command`;
        return fail(new SshConnectError(name, words, { hop: "shell", hint: shellHint }));
      }
      const said = output.toString("utf8", first + nonce.length + 1, last).split("\n");
      const after = output.subarray(last + nonce.length + 1);
      settle();
      resolve({ greeting: read(said), rest: restOf(child, after) });
    };
    child.stdout.on("data", search);
    child.once("error", (error) => {
      settle();
      const hint = "Install the package openssh-client, or name the program in VIRTFORM_SSH.";
      reject(new SshConnectError(name, error.message, { hop: "ssh here", hint }));
    });
    const close = (code: number | null) => {
      settle();
      if (/^setpriv: failed to execute/m.test(errors())) {
        const hint = "Install the package openssh-client, or name the program in VIRTFORM_SSH.";
        return reject(new SshConnectError(name, errors(), { hop: "ssh here", hint }));
      }
      if (code === 255 || code === null) return reject(new SshConnectError(name, errors(), sshTrouble(errors(), name)));
      const hint = "The login shell there has to be a POSIX shell that may run commands (not nologin, not a forced command).";
      reject(new SshConnectError(name, errors() || `the login shell ended with exit code ${code}`, { hop: "shell", hint }));
    };
    if (closed === undefined) onEnd(child, close);
    else close(closed);
  });
}

function read(lines: readonly string[]): Greeting {
  const words = (kind: string) => lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
  const [[uid], [gid], [runtime], [cache = ""], [state]] = [words("uid"), words("gid"), words("runtime"), words("cache"), words("state")];
  const root = uid === "0";
  const account = {
    root,
    uid: Number(uid),
    gid: Number(gid),
    runtimeDirectory: runtime || null,
    cacheDirectory: cache,
    stateDirectory: root ? "/var/lib/virtform" : `${state}/virtform`,
  };
  return { missing: words("missing"), extra: words("extra"), noSockets: words("nosocket"), account };
}
