import { cephCluster, type Rbd, type RbdName, rbdInfo } from "../tools/rbd.ts";
import { parseRbdAddress } from "../tools/rbd-address.ts";

/** A snapshot that disks can be cloned from. */
export interface CloneParent {
  readonly name: Required<RbdName>;
  /** Bytes. */
  readonly size: number;
}

/**
 * The snapshot behind `rbd://fsid/pool/image/snap`, when a disk can be cloned from it: in this cluster, and protected (Nova RBD-03,
 * RBD-04). Else the base is imported.
 */
export async function cloneable(rbd: Rbd, address: string | undefined): Promise<CloneParent | undefined> {
  const from = address === undefined ? undefined : parseRbdAddress(address);
  if (from === undefined || (await cephCluster(rbd)).fsid !== from.fsid) return undefined;
  const info = await rbdInfo(rbd, from);
  return info?.protected === true ? { name: from, size: info.size } : undefined;
}
