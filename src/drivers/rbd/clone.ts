import { UnreachableError } from "../../model/errors.ts";
import { parseRbdAddress } from "../../tools/rbd/address.ts";
import { cephCluster, type Rbd, type RbdName, rbdInfo } from "../../tools/rbd/rbd.ts";

/** A snapshot that disks can be cloned from. */
export interface CloneParent {
  readonly name: Required<RbdName>;
  /** Bytes. */
  readonly size: number;
}

/**
 * The first of these snapshots, `rbd://fsid/pool/image/snap`, that a disk can be cloned from: in this cluster, and protected (Nova RBD-03,
 * RBD-04). Undefined when there is none: then the base is imported. Throws UnreachableError when there is none and one could not be looked at.
 */
export async function cloneable(rbd: Rbd, addresses: readonly string[] | undefined = []): Promise<CloneParent | undefined> {
  const parsed = addresses.flatMap((address) => parseRbdAddress(address) ?? []);
  if (parsed.length === 0) return undefined;
  const { fsid } = await cephCluster(rbd);
  let failure: unknown;
  for (const from of parsed) {
    if (from.fsid !== fsid) continue;
    try {
      const info = await rbdInfo(rbd, from);
      if (info?.protected === true) return { name: from, size: info.size };
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}
