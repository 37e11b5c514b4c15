import type { SshProcess, StartLimits } from "./channel.ts";
import { collect } from "./collect.ts";
import { SshConnectError, sshTrouble } from "./trouble.ts";

/** What the remote side reported when the connection was made. */
export interface Greeting {
  /** Required programs that are missing. */
  readonly missing: readonly string[];
  /** Optional programs that exist: curl. */
  readonly extra: readonly string[];
  /** Sockets of libvirt that many hosts lack and this one does. */
  readonly noSockets: readonly string[];
}

/** Reports the programs that exist, then keeps the connection until our side closes it. Arguments: the nonce, then programs. */
export const greetingScript = `PATH=$PATH:/usr/sbin:/sbin
nonce=$1
shift
printf '%s\\n' "$nonce"
for program; do command -v "$program" >/dev/null || printf 'missing %s\\n' "$program"; done
command -v python3 >/dev/null || command -v /usr/libexec/platform-python >/dev/null || printf 'missing %s\\n' python3
stat --printf= / 2>/dev/null || printf 'missing %s\\n' 'GNU coreutils'
command -v curl >/dev/null && printf 'extra curl\\n'
[ -S /run/libvirt/virtqemud-sock ] || printf 'nosocket %s\\n' /run/libvirt/virtqemud-sock
printf '%s\\n' "$nonce"
exec cat >/dev/null`;

/**
 * Waits for the greeting. Throws a SshConnectError that names the hop that failed: also when the login shell does not answer
 * in time, or prints more than `limits` allow.
 */
export function greetingOf(child: SshProcess, nonce: string, name: string, limits: StartLimits): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    let output = "";
    let over = false;
    const errors = collect(child.stderr);
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
      over = true;
      output = "";
      clearTimeout(timer);
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (over) return;
      output += text;
      // Output of the login shell's startup files comes before the first mark.
      const first = output.indexOf(`${nonce}\n`);
      const last = first === -1 ? -1 : output.indexOf(`${nonce}\n`, first + nonce.length);
      if (last === -1) {
        if (output.length <= limits.bytes) return;
        const words = `the login shell printed more than ${limits.bytes} bytes before it ran a command`;
        return fail(new SshConnectError(name, words, { hop: "shell", hint: shellHint }));
      }
      const said = output.slice(first + nonce.length + 1, last).split("\n");
      settle();
      const words = (kind: string) => said.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
      resolve({ missing: words("missing"), extra: words("extra"), noSockets: words("nosocket") });
    });
    child.once("error", (error) => {
      settle();
      const hint = "Install the package openssh-client, or name the program in VIRTFORM_SSH.";
      reject(new SshConnectError(name, error.message, { hop: "ssh here", hint }));
    });
    child.once("close", (code) => {
      settle();
      if (/^setpriv: failed to execute/m.test(errors())) {
        const hint = "Install the package openssh-client, or name the program in VIRTFORM_SSH.";
        return reject(new SshConnectError(name, errors(), { hop: "ssh here", hint }));
      }
      if (code === 255 || code === null) return reject(new SshConnectError(name, errors(), sshTrouble(errors(), name)));
      const hint = "The login shell there has to be a POSIX shell that may run commands (not nologin, not a forced command).";
      reject(new SshConnectError(name, errors() || `the login shell ended with exit code ${code}`, { hop: "shell", hint }));
    });
  });
}
