import { UnreachableError, userError } from "../../model/errors.ts";

const unreachable =
  /failed to connect to the hypervisor|client socket is closed|Disconnected from|Cannot (?:recv|write) data|End of file while reading data|no connection driver available|internal error: client is (?:not connected|closed)/i;

/** Whether virsh says that libvirt itself cannot be reached, rather than that a command failed. */
export function meansUnreachable(errors: string): boolean {
  return unreachable.test(errors);
}

/** Whether virsh says that there is no such domain. */
export function meansNoDomain(errors: string): boolean {
  return /failed to get domain|Domain not found|no domain with matching/i.test(errors);
}

/** libvirt's own words on one line, without the `error:` in front of each. */
export function virshWords(errors: string): string {
  const lines = errors
    .split("\n")
    .map((line) => line.replace(/^error: /, "").trim())
    .filter((line) => line !== "");
  return lines.join(": ");
}

/** An error for people from what virsh wrote: what failed, libvirt's words, and what to do where that is known. */
export function virshError(what: string, errors: string, uri: string): Error {
  const words = virshWords(errors) || "virsh said nothing about why";
  if (meansUnreachable(errors)) return unreachableError(uri, errors);
  const hint = hintFor(words);
  return userError("libvirt-refused", `${what}: ${words}`, hint);
}

/** libvirt cannot be reached: why by its own words, and what to do. */
export function unreachableError(uri: string, errors: string): UnreachableError {
  const words = virshWords(errors) || "virsh ended without saying why";
  return new UnreachableError(`libvirt at ${uri} cannot be reached: ${words}. ${connectionHint(words, uri)}`);
}

function connectionHint(words: string, uri: string): string {
  if (/permission denied|authentication (?:failed|unavailable)|polkit/i.test(words)) {
    return "This user may not use libvirt's socket: add it to the group libvirt (usermod -aG libvirt USER, then log in again), or set host.uri to qemu:///session.";
  }
  if (/no connection driver available|invalid (?:uri|argument)|unsupported transport/i.test(words)) {
    return "Check host.uri: qemu:///system, qemu:///session and qemu+ssh://USER@HOST/system are usual.";
  }
  if (/no such file or directory|connection refused/i.test(words)) {
    return "libvirtd seems not to run: start it (systemctl start libvirtd), or install libvirt-daemon-system where it is missing.";
  }
  return `Try \`virsh -c ${uri} list\` by hand.`;
}

function hintFor(words: string): string | undefined {
  const denied =
    /(?:Could not open|Cannot access storage file|cannot open file|Failed to open file|unable to open) '([^']+)'[^:]*(?::[^:]*)*: Permission denied/i.exec(
      words,
    );
  if (denied !== null) {
    return `The guest's process may not read ${denied[1]}: every directory above it must be searchable by the user that qemu runs as (libvirt-qemu on Debian), the file must belong to that user or be readable by it, and AppArmor or SELinux must allow the path (see journalctl -k for denials).`;
  }
  if (/secret .*does not have a value|error connecting: (?:Operation not permitted|Permission denied)/i.test(words)) {
    return "The guest logs in to Ceph with the key that libvirt keeps under host.rbd.secret_uuid, and it has none there or a wrong one: `ceph auth get-key client.USER > KEYFILE`, then `virsh secret-set-value UUID --file KEYFILE`.";
  }
  const network = /network '([^']+)' is not active/i.exec(words);
  if (network !== null) return `Start it with \`virsh net-start ${network[1]}\`, and \`virsh net-autostart ${network[1]}\` keeps it so.`;
  const noNetwork = /no network with matching name '([^']+)'|network '([^']+)' (?:does not exist|not found)/i.exec(words);
  if (noNetwork !== null) return "`virsh net-list --all` shows the networks that there are.";
  const named = /domain '([^']+)' (?:already exists|is already defined) with uuid (\S+)/i.exec(words);
  if (named !== null)
    return `Another domain with uuid ${named[2]} has the name ${named[1]}: rename it (virsh domrename, while it is off), or give the instance another name.`;
  if (/does not support (?:virt type|.*kvm)|KVM is not available|failed to initialize kvm|Could not access KVM/i.test(words)) {
    return "This machine offers no KVM: set host.virt_type to qemu for emulation, or make /dev/kvm usable.";
  }
  if (/unable to find any emulator|no emulator found|could not find capabilities for arch|does not support .*arch/i.test(words)) {
    return "Install the emulator for the guest's architecture (qemu-system-x86 for x86_64 on Debian).";
  }
  if (/Cannot get interface MTU on '([^']+)'|No such device/i.test(words))
    return "The bridge that an interface names does not exist on the host.";
  if (/cannot allocate memory|Cannot set up guest memory/i.test(words)) return "The host has not enough free memory for this guest.";
  if (/virtlogd|\/virtlogd-sock/i.test(words)) return "virtlogd writes the console log and seems not to run: systemctl start virtlogd.";
  return undefined;
}
