import { UnreachableError } from "../../model/errors.ts";
import { parseRbdAddress } from "../../tools/rbd/address.ts";
import { cephCluster, type Rbd, type RbdName, rbdInfo } from "../../tools/rbd/rbd.ts";
import type { Clone } from "../driver.ts";
import { rbdPlace } from "./place.ts";
import type { CephFacts } from "./settings.ts";

/** A snapshot that disks can be cloned from. */
export interface CloneParent {
  readonly name: Required<RbdName>;
  /** Bytes. */
  readonly size: number;
}

/**
 * The first of these snapshots, `rbd://fsid/pool/image/snap`, that a disk can be cloned from: in this cluster, and protected (Nova RBD-03,
 * RBD-04). Undefined without one: then the base is imported. Throws UnreachableError when none can be cloned and one could not be read.
 */
export async function cloneable(rbd: Rbd, addresses: readonly string[]): Promise<CloneParent | undefined> {
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

/** Cloning within the cluster (Nova RBD-03, RBD-04). */
export const rbdClone: Clone<CephFacts> = {
  form: "rbd://FSID/POOL/IMAGE/SNAPSHOT",

  takes: (address) => address.startsWith("rbd://"),

  isValid: (address) => parseRbdAddress(address) !== undefined,

  from: (facts, addresses) => addresses.flatMap((address) => facts?.cloneable?.[address] ?? [])[0],

  isPossible: async (context, addresses) => (await cloneable(await rbdPlace(context), addresses)) !== undefined,

  whyNot(facts, addresses) {
    if (facts === undefined) return undefined;
    const reasons = addresses.map((address) => {
      const here = parseRbdAddress(address)?.fsid === facts.fsid;
      return `${address} is ${here ? "missing, not protected, or not readable by this user" : "in another cluster"}`;
    });
    return `${reasons.join("; ")}. This host's cluster is ${facts.fsid}; \`rbd snap protect\` protects a snapshot.`;
  },
};
