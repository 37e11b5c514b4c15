import type { Context } from "../../model/context.ts";
import { diskLayers } from "../../tools/libvirt/disk-layers.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import { type DomainDisks, lookAtChains } from "./look.ts";

/** Looks which domains of the host, of any owner, have a base image or a volume among the layers of their disks now. By name. */
export async function lookForUsers(context: Context, isUsed: (path: string) => boolean): Promise<string[]> {
  const names = new Map<string, string>();
  const domains = await libvirtOf(context).domains(({ uuid, name, xml, active }): DomainDisks => {
    names.set(uuid, name);
    const read = (text: string) => diskLayers(parseXml(text, `The definition of domain ${name}`));
    const stored = read(xml);
    return {
      uuid,
      own: false,
      adopted: false,
      stored,
      active: active === null ? null : active === xml ? stored : read(active),
    };
  });
  const { uses } = await lookAtChains(context, domains, []);
  return [...uses].flatMap(([uuid, paths]) => (paths.some(isUsed) ? [names.get(uuid) ?? uuid] : [])).sort();
}
