import type { Context } from "../../model/context.ts";
import type { FileStat } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";

/** Permissions of a file that are not what they should be, in octal: `0644`. */
export interface WrongAccess {
  readonly found: string;
  readonly wanted: string;
}

const isRoot = perHost((host) => host.account().then(({ root }) => root));

/**
 * The mode of disks that are files: others on the host cannot read what a guest wrote. libvirt gives a file to the user of the guest when that
 * starts, and back when it ends. Only where an ordinary user has guests of the system's libvirt, that user could not read the disks of running guests
 * without the permission for others.
 */
export async function diskMode({ host, settings }: Pick<Context, "host" | "settings">): Promise<number> {
  return /\/session(?:\?|$)/.test(settings.uri) || (await isRoot(host)) ? 0o640 : 0o644;
}

/**
 * What is wrong with the permissions of a file: others may do more than `wanted` says, or its owner cannot read and write it. Those of
 * the group are the host's to set. Pure.
 */
export function wrongAccess({ mode }: Pick<FileStat, "mode">, wanted: number): WrongAccess | undefined {
  const isOpen = (mode & 0o007 & ~wanted) !== 0;
  const isShut = (mode & wanted & 0o600) !== (wanted & 0o600);
  return isOpen || isShut ? { found: octal(mode), wanted: octal(wanted) } : undefined;
}

/** A mode as people write it. Pure. */
function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
