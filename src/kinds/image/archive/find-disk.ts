import { createHash } from "node:crypto";
import { RefusedError } from "../../../model/errors.ts";
import type { Read } from "../inspect/finding.ts";
import { type ManifestEntry, readManifest } from "./manifest.ts";
import { readTar, type TarMember } from "./tar.ts";

/** Names of files that come with a disk: descriptors, manifests, digests, signatures and texts. */
const companions =
  /(?:\.(?:ovf|mf|cert|txt|md|json|xml|ya?ml|nvram|asc|sig|sha(?:1|256|512)(?:sums?)?)|(?:^|\/)(?:[A-Z0-9]*SUMS|README|LICENSE|\._[^/]*))$/i;
/** Longest manifest in bytes. */
const maxText = 16 * 2 ** 20;

/** The one disk of an archive, and what its manifest says about it. */
export interface ArchivedDisk {
  readonly member: TarMember;
  readonly expected: ManifestEntry | undefined;
}

/**
 * Finds the one disk in a tar archive or an OVA, in which a CD may lie beside it. Of an OVA with a manifest every other member is checked here, and the disk by the caller.
 * Throws a RefusedError (`image-archive`) when there is no disk or more than one, or when a member is not what the manifest says.
 */
export async function findDisk(read: Read, size: number, archive: "tar" | "ova"): Promise<ArchivedDisk> {
  const members = await readTar(read, size);
  const files = members.filter(({ name, size: bytes }) => bytes > 0 && !companions.test(name));
  const disks = archive === "ova" ? files.filter(({ name }) => !/\.iso$/i.test(name)) : files;
  const candidates = disks.length > 0 ? disks : files;
  const [member, ...others] = candidates;
  if (member === undefined)
    throw refused(`it holds no disk: ${named(members)}`, "Name the archive that holds the disk, or the disk itself.");
  if (others.length > 0) {
    throw refused(
      `it holds more than one file that may be the disk: ${named(candidates)}`,
      "Unpack it, and use one of them as the source.",
    );
  }
  if (/\.(?:gz|xz|zst|bz2)$/i.test(member.name)) throw packedDisk(member);
  if (archive === "tar") return { member, expected: undefined };
  if (!members.some(({ name }) => /\.ovf$/i.test(name)))
    throw refused("it has no OVF descriptor, so it is no OVA", "Write unpack: tar to use it as a plain archive.");
  const [manifest, further] = members.filter(({ name }) => /\.mf$/i.test(name));
  if (manifest === undefined) return { member, expected: undefined };
  if (further !== undefined) throw refused(`it has more than one manifest: ${named([manifest, further])}`);
  const entries = readManifest((await whole(read, manifest)).toString("utf8"));
  if (typeof entries === "number")
    throw refused(
      `line ${entries} of its manifest ${JSON.stringify(manifest.name)} is not understood`,
      "Digests of SHA-1, SHA-256, SHA-384 and SHA-512 are, as in SHA256(disk.vmdk)= HEX. Write the manifest again, or leave it out and state checksum.",
    );
  // Each member is read once, however long the manifest is.
  const names = new Set<string>();
  for (const { name } of entries) {
    if (names.has(name)) throw refused(`its manifest names ${JSON.stringify(name)} more than once`);
    names.add(name);
  }
  for (const entry of entries) await check(read, members, member, entry);
  const expected = entries.find(({ name }) => name === member.name);
  if (expected === undefined) throw refused(`its manifest does not name the disk ${JSON.stringify(member.name)}`);
  return { member, expected };
}

async function check(read: Read, members: readonly TarMember[], disk: TarMember, entry: ManifestEntry): Promise<void> {
  const found = members.filter(({ name }) => name === entry.name);
  const [member] = found;
  if (member === undefined || found.length > 1)
    throw refused(`its manifest names ${JSON.stringify(entry.name)}, which it holds ${found.length} times`);
  if (member === disk) return;
  const hash = createHash(entry.algorithm);
  for await (const piece of piecesOf(read, member)) hash.update(piece);
  if (hash.digest("hex") !== entry.hex) throw manifestMismatch(entry);
}

function packedDisk({ name }: TarMember): RefusedError {
  return new RefusedError(
    "image-packed",
    `The disk ${JSON.stringify(name)} in the archive is compressed itself`,
    "Unpack the archive, and use that file as the source.",
  );
}

/** A member that is not what the manifest says. */
export function manifestMismatch({ name, algorithm, hex }: ManifestEntry): RefusedError {
  return new RefusedError(
    "image-archive",
    `${JSON.stringify(name)} is not what the manifest of the OVA says (${algorithm}:${hex}): it was changed or damaged after the export`,
    "Get it again from its publisher.",
  );
}

async function whole(read: Read, member: TarMember): Promise<Buffer> {
  if (member.size > maxText) throw refused(`${JSON.stringify(member.name)} is too long`);
  return Buffer.concat(await Array.fromAsync(piecesOf(read, member)));
}

/** The content of a member, in pieces of 1 MiB at most. */
async function* piecesOf(read: Read, { parts }: TarMember): AsyncGenerator<Buffer> {
  for (const { offset, length } of parts) {
    for (let at = 0; at < length; at += 2 ** 20) {
      const bytes = Math.min(2 ** 20, length - at);
      yield offset === null ? Buffer.alloc(bytes) : await read(offset + at, bytes);
    }
  }
}

function named(members: readonly TarMember[]): string {
  const shown = members.slice(0, 5).map(({ name }) => JSON.stringify(name));
  return members.length === 0 ? "nothing" : `${shown.join(", ")}${members.length > 5 ? ` and ${members.length - 5} more` : ""}`;
}

const usualRemedy = "It is damaged, or was changed after the export. Get it again from its publisher, and check unpack of the image.";

function refused(what: string, remedy = usualRemedy): RefusedError {
  return new RefusedError("image-archive", `The archive cannot be used: ${what}`, remedy);
}
