import { isDialError } from "../../model/channel.ts";
import { errorMessage, UnreachableError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { errorCodes, errorDomains, isRefusal, LibvirtError } from "./libvirt-error.ts";

/** What a connection was made to, for messages. */
export interface Whereabouts {
  readonly uri: string;
  /** Name of the host. */
  readonly host: string;
  readonly path: string;
}

/** An error for a connection that could not be made: why, and what to do. Errors with a remedy of their own are returned unchanged. */
export function unreachable(error: unknown, { uri, host, path }: Whereabouts): unknown {
  if (isLoginRefusal(error)) return failure(uri, error.words, error.domain === errorDomains.dbus ? busHint : polkitHint, error);
  if (isRefusal(error, errorCodes.noConnect, errorCodes.invalidArgument))
    return failure(uri, error.words, uri.startsWith("lxc:") ? containersHint : uriHint, error);
  if (!isDialError(error)) {
    return error instanceof Error && "words" in error ? failure(uri, errorMessage(error), uriHint, error) : error;
  }
  if (/\/session(\?|$)/.test(uri)) return failure(uri, error.message, sessionHint(host, error.reason === "denied"), error);
  const hint = {
    denied: `This user may not open the socket on ${host}: add it to the socket's group (usermod -aG libvirt USER, then log in again; \`ls -l ${shellWord(path)}\` names the group), or set host.uri to qemu:///session.`,
    missing: `No libvirt daemon listens on ${host}: start it (systemctl start libvirtd, or virtqemud.socket where the daemons are split), or install libvirt-daemon-system.`,
    refused: `libvirt's daemon on ${host} has stopped listening: start it (systemctl start libvirtd, or virtqemud.socket where the daemons are split).`,
    failed: `Check that \`ls -l ${shellWord(path)}\` on ${host} shows a socket.`,
  }[error.reason];
  return failure(uri, error.message, hint, error);
}

/** A session has a daemon of its own for each user, which the first client starts. */
function sessionHint(host: string, isDenied: boolean): string {
  return isDenied
    ? `The socket on ${host} belongs to another user: HOME and XDG_RUNTIME_DIR have to be those of the user who runs virtform.`
    : `The session's daemon did not start on ${host}. It needs a home directory, or an XDG_RUNTIME_DIR, that this user can write to; \`libvirtd\` (or \`virtqemud\`), run by hand, says what else is wrong.`;
}

/** Whether libvirt refuses this user the socket that was opened, by polkit or because it cannot ask polkit. */
export function isLoginRefusal(error: unknown): error is LibvirtError {
  const { authFailed, authCancelled, authUnavailable, accessDenied, operationDenied } = errorCodes;
  return (
    isRefusal(error, authFailed, authCancelled, authUnavailable, accessDenied, operationDenied) ||
    (error instanceof LibvirtError && error.domain === errorDomains.dbus)
  );
}

const busHint =
  'libvirt asks polkit who may use it, and the message bus of the system does not run: start it with polkit (systemctl start dbus polkit), or write auth_unix_rw = "none", unix_sock_group = "libvirt" and unix_sock_rw_perms = "0770" into libvirtd.conf and add the user to the group libvirt.';
const polkitHint =
  "polkit refuses this user the action org.libvirt.unix.manage: add the user to the group libvirt (usermod -aG libvirt USER, then log in again), or allow the action in a rule of /etc/polkit-1/rules.d.";
const containersHint =
  "libvirt on the host has no driver of containers: install it (on Debian and Ubuntu: apt install libvirt-daemon-driver-lxc) and restart libvirtd. Some distributions have none.";
const uriHint = "Check host.uri: qemu:///system, qemu:///session and qemu+ssh://USER@HOST/system are usual.";

function failure(uri: string, why: string, hint: string, cause: unknown): UnreachableError {
  return Object.assign(new UnreachableError(`libvirt at ${uri} cannot be reached: ${why.replace(/\.$/, "")}`, hint), { cause });
}
