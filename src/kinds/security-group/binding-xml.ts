import type { XmlElement } from "../../tools/xml.ts";
import { draft } from "../guest/draft.ts";
import { writeXml } from "../guest/xml-writer.ts";

/** The document that puts the filter of an interface on its device, as libvirt makes it at the start of the guest. */
export function bindingXml(of: {
  readonly port: string;
  readonly mac: string;
  readonly guest: { readonly name: string; readonly uuid: string };
  readonly filterref: XmlElement;
}): string {
  const root = draft("filterbinding");
  const owner = draft("owner");
  owner.children.push(draft("name", {}, of.guest.name), draft("uuid", {}, of.guest.uuid));
  root.children.push(owner, draft("portdev", { name: of.port }), draft("mac", { address: of.mac }));
  return writeXml({ ...root, children: [...root.children, of.filterref] });
}
