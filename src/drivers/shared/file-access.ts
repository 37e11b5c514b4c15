import type { Context } from "../../model/context.ts";
import type { FileStat, Owner } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";

/** What is wrong with the permissions or the owner of a file; at least one of the two. */
export interface WrongAccess {
  /** In octal: `0644`. */
  readonly mode?: { readonly found: string; readonly wanted: string };
  readonly owner?: WrongOwner;
}

/** A file that belongs to a user or group that neither virtform nor libvirt gives it to. Owners are `UID:GID`. */
export interface WrongOwner {
  readonly path: string;
  readonly found: string;
  /** Its owner while no guest runs with it. */
  readonly own: string;
  /** The owner that libvirt gives it while a guest runs with it; null in a session of an ordinary user. */
  readonly guest: string | null;
}

/** The users and groups that files of guests can belong to on a host. */
export interface FileOwners {
  readonly own: Owner;
  readonly guest: Owner | null;
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

const accountOf = perHost((host) => host.account());

/**
 * The mode of disks that are files: others on the host cannot read what a guest wrote. libvirt gives a file to the user of the guest when that
 * starts, and back when it ends. Only where an ordinary user has guests of the system's libvirt, that user could not read the disks of running guests
 * without the permission for others.
 */
export async function diskMode({ host, settings }: Pick<Context, "host" | "settings">): Promise<number> {
  return isSession(settings.uri) || (await accountOf(host)).root ? 0o640 : 0o644;
}

const knownOwners = perHost(() => new Map<string, FileOwners>());

/**
 * The users and groups that files of guests can belong to. libvirt gives a file to the user of the guest when that starts, and back to its owner when it ends, but not those that
 * the guest only reads: so both count at any time, and so do the owners of the directories, from which files get their group, or on NFS their owner.
 * Null where that is not known: several users may share the guests of the system's libvirt, and then each has files.
 */
export async function fileOwners(context: Pick<Context, "host" | "settings" | "layout">): Promise<FileOwners | null> {
  const { host, settings, layout } = context;
  const { root, uid, gid } = await accountOf(host);
  const known = knownOwners(host).get(layout.base);
  if (known !== undefined) return known;
  if (!root && !isSession(settings.uri)) return null;
  const [directories, guest] = await Promise.all([
    host.files.statMany([layout.root, layout.base]),
    root ? libvirtOf(context).guestOwner() : null,
  ]);
  if (root && guest === null) return null;
  const all = [{ uid, gid }, ...(guest === null ? [] : [guest]), ...directories.flatMap((found) => found ?? [])];
  const owners = { own: { uid, gid }, guest, uids: all.map((one) => one.uid), gids: all.map((one) => one.gid) };
  if (!directories.includes(undefined)) knownOwners(host).set(layout.base, owners);
  return owners;
}

/**
 * What is wrong with the permissions of a file: others may do more than `wanted` says, or its owner cannot read and write it. Those of
 * the group are the host's to set. `owners` null: not compared. Pure.
 */
export function wrongAccess(
  path: string,
  stat: Pick<FileStat, "mode" | "uid" | "gid">,
  wanted: number,
  owners: FileOwners | null,
): WrongAccess | undefined {
  const isOpen = (stat.mode & 0o007 & ~wanted) !== 0;
  const isShut = (stat.mode & wanted & 0o600) !== (wanted & 0o600);
  const isForeign = owners !== null && !(owners.uids.includes(stat.uid) && owners.gids.includes(stat.gid));
  if (!isOpen && !isShut && !isForeign) return undefined;
  return {
    ...(isOpen || isShut ? { mode: { found: octal(stat.mode), wanted: octal(wanted) } } : {}),
    ...(isForeign ? { owner: { path, found: text(stat), own: text(owners.own), guest: owners.guest && text(owners.guest) } } : {}),
  };
}

/** Gives a file the permissions that it should have, and its owner (`UID:GID`) where that is wrong. */
export async function restrictFile({ host }: Pick<Context, "host">, path: string, mode: number, owner: string | null): Promise<void> {
  const [uid, gid] = (owner ?? "").split(":").map(Number);
  if (owner !== null && uid !== undefined && gid !== undefined) await host.files.setOwner(path, { uid, gid });
  await host.files.setMode(path, mode);
}

function isSession(uri: string): boolean {
  return /\/session(?:\?|$)/.test(uri);
}

function text({ uid, gid }: Owner): string {
  return `${uid}:${gid}`;
}

/** A mode as people write it. Pure. */
function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
