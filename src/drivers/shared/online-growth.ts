import type { Context } from "../../model/context.ts";
import { diskSource } from "../../tools/libvirt/disk-source.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { find, findAll, parseXml } from "../../tools/xml.ts";
import type { DiskSpec, OnlineDisk } from "../driver.ts";
import { refuseToShrink } from "./size-rules.ts";

/**
 * Grows a disk through the running guest that uses it (Nova SIZE-05). Returns false if no running guest does: the disk may be attached
 * at the next start only, or the guest was powered off meanwhile. `source` is in the form of `sourceText` and alone identifies the disk:
 * a target such as `vdb` comes from the stored definition, and the running guest may have another disk under that name.
 */
export async function growOnline(
  context: Context,
  disk: DiskSpec,
  source: string,
  bytes: number,
  online: OnlineDisk | undefined,
): Promise<boolean> {
  if (online === undefined) return false;
  const libvirt = libvirtOf(context);
  const live = await libvirt.liveDefinition(online.uuid);
  const target = live === undefined ? undefined : liveTarget(live, source);
  if (target === undefined) return false;
  // libvirt shrinks as readily as it grows.
  refuseToShrink(disk, await libvirt.blockSize(online.uuid, target), bytes);
  // It knows files and devices by their paths as well, and those cannot come to mean something else between two calls.
  await libvirt.blockResize(online.uuid, source.startsWith("/") ? source : target, bytes);
  return true;
}

/** The name under which a running guest has the disk with this source, by what it runs with. Pure. */
export function liveTarget(xml: string, source: string): string | undefined {
  for (const disk of findAll(find(parseXml(xml), "devices"), "disk")) {
    // Not what is below it: the source of a backing file stands in an element of its own.
    if (diskSource(find(disk, "source")) === source) return find(disk, "target")?.attributes["dev"];
  }
  return undefined;
}
