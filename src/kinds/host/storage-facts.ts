import { cloneable } from "../../drivers/rbd/clone.ts";
import type { Context } from "../../model/context.ts";
import { UnreachableError } from "../../model/errors.ts";
import type { StorageFacts } from "../../model/host-facts.ts";
import { isInstalled } from "../../tools/is-installed.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { volumeGroup } from "../../tools/lvm.ts";
import { cephCluster, cephPools, type Rbd, rbdNames } from "../../tools/rbd/rbd.ts";

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
    ploop ? isInstalled(context, "ploop") : undefined,
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
  // A user without rights to the pool is told of now, and not when half of a plan is done.
  if (pools.includes(rbd.pool)) await rbdNames(place, rbd.pool);
  return {
    ...cluster,
    pool: pools.includes(rbd.pool),
    ...(rbd.secretUuid === null ? {} : { secret: await libvirtOf(context).hasSecret(rbd.secretUuid) }),
    ...((context.settings.cloneSources ?? []).length === 0 ? {} : { cloneable: await lookUpClones(context, place) }),
  };
}

/** One that cannot be looked at cannot be cloned from; fetching it says why. */
async function lookUpClones(context: Context, place: Rbd): Promise<Readonly<Record<string, number>>> {
  const found = await Promise.all(
    (context.settings.cloneSources ?? []).map(async (address) => {
      try {
        const parent = await cloneable(place, [address]);
        return parent === undefined ? [] : [[address, parent.size] as const];
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        return [];
      }
    }),
  );
  return Object.fromEntries(found.flat());
}
