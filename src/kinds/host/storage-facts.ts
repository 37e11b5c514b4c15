import type { Context } from "../../model/context.ts";
import type { StorageFacts } from "../../model/host-facts.ts";
import { volumeGroup } from "../../tools/lvm.ts";
import { hasPloop } from "../../tools/ploop.ts";
import { cephCluster, cephPools } from "../../tools/rbd.ts";

/**
 * Looks at the storage that the configuration names, and at no other: a host without Ceph is asked nothing about it. Throws
 * UnreachableError when a cluster does not answer.
 */
export async function lookUpStorage(context: Context): Promise<StorageFacts | undefined> {
  const { lvm, rbd, usedBackends = [] } = context.settings;
  const ploop = usedBackends.includes("ploop");
  if (lvm === undefined && rbd === undefined && !ploop) return undefined;
  const [group, cluster, program] = await Promise.all([
    lvm === undefined ? undefined : volumeGroup(context, lvm.volumeGroup),
    rbd === undefined ? undefined : lookUpCluster(context, rbd),
    ploop ? hasPloop(context) : undefined,
  ]);
  return {
    ...(lvm === undefined ? {} : { lvm: group ?? null }),
    ...(cluster === undefined ? {} : { rbd: cluster }),
    ...(program === undefined ? {} : { ploop: program }),
  };
}

async function lookUpCluster(context: Context, rbd: NonNullable<Context["settings"]["rbd"]>): Promise<NonNullable<StorageFacts["rbd"]>> {
  const place = { context, access: rbd };
  const [cluster, pools] = await Promise.all([cephCluster(place), cephPools(place)]);
  return { ...cluster, pool: pools.includes(rbd.pool) };
}
