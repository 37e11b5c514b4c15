import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { diskLayers } from "../../tools/libvirt/disk-layers.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import type { VolumeHolder } from "../power/plan.ts";

/** Throws a RefusedError when a guest still runs with a volume that it was to release: a volume must not be in two running guests. */
export async function refuseHeld(context: Context, instance: string, holders: readonly VolumeHolder[]): Promise<void> {
  for (const holder of holders) {
    const used = await libvirtOf(context).inUse(holder.uuid);
    if (used === undefined || used.saved) continue;
    const held = new Set(
      diskLayers(parseXml(used.xml)).flatMap(({ top, below }) => [...(top === null ? [] : [top]), ...below].map(({ source }) => source)),
    );
    const source = holder.sources.find((one) => held.has(one));
    if (source === undefined) continue;
    throw new RefusedError(
      "device-not-released",
      `${holder.instance} still runs with ${source}, which ${instance} is to get`,
      `It did not release the volume. Restart it (\`virtform restart ${shellWord(holder.instance)}\`), then apply again.`,
    );
  }
}
