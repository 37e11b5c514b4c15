import type { DiskRef } from "../../drivers/driver.ts";
import { ownsSource } from "../../drivers/index.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { diskLayers } from "../../tools/libvirt/disk-layers.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import type { DomainRef } from "../power/plan.ts";

/**
 * Looks once more before something is done to a disk that only a guest which is off can bear: between the plan and this there
 * was a question. Throws a RefusedError when the guest runs with the disk, or its saved memory belongs to it. `layers`: paths above the disk.
 */
export async function refuseInUse(
  context: Context,
  { uuid, instance }: DomainRef,
  disk: Omit<DiskRef, "name">,
  layers: readonly string[] = [],
): Promise<void> {
  const used = await libvirtOf(context).inUse(uuid);
  const sources =
    used === undefined ? [] : diskLayers(parseXml(used.xml)).flatMap(({ top, below }) => [...(top === null ? [] : [top]), ...below]);
  if (used === undefined || !sources.some(({ source }) => ownsSource(source, disk) || layers.includes(source))) return;
  if (used.saved) {
    throw new RefusedError(
      "guest-saved",
      `The memory of ${instance} was saved (virsh managedsave) after this was planned, and it belongs to the current content of ${disk.path}, which was not changed`,
      "Apply again.",
    );
  }
  throw new RefusedError(
    "guest-runs",
    `${instance} runs with ${disk.path}, and this requires that it is off or has released it`,
    `Either it was started after this was planned: apply again. Or it did not release the disk when it was asked: \`virtform restart ${shellWord(instance)}\`, then apply again.`,
  );
}
