import type { GuestFacts } from "../../model/host-facts.ts";
import { find, findAll, parseXml, type XmlElement } from "../xml.ts";

/** Reads a document of libvirt's domain capabilities. Throws a CodedError (`xml-malformed`) when it is not XML. */
export function guestCapabilities(xml: string): GuestFacts {
  const root = parseXml(xml, "The description of what guests of the host can have");
  const [os, cpu, devices] = ["os", "cpu", "devices"].map((name) => find(root, name));
  const tpm = find(devices, "tpm");
  const modes = findAll(cpu, "mode").filter(({ attributes }) => attributes["supported"] === "yes");
  const custom = modes.find(({ attributes }) => attributes["name"] === "custom");
  const loader = find(os, "loader");
  const most = Number(find(root, "vcpu")?.attributes["max"] ?? 0);
  return {
    maxVcpus: most > 0 ? most : null,
    firmware: valuesOf(os, "firmware"),
    secureBoot: valuesOf(loader, "secure")?.includes("yes") === true && findAll(loader, "value").some(({ text }) => text.trim() !== ""),
    cpuModes: cpu === undefined ? null : modes.flatMap(({ attributes }) => attributes["name"] ?? []),
    cpuModels:
      custom === undefined
        ? null
        : Object.fromEntries(findAll(custom, "model").map(({ text, attributes }) => [text.trim(), attributes["usable"] !== "no"])),
    tpm:
      tpm?.attributes["supported"] === "yes"
        ? {
            models: valuesOf(tpm, "model") ?? [],
            emulated: valuesOf(tpm, "backendModel")?.includes("emulator") === true,
            versions: valuesOf(tpm, "backendVersion"),
          }
        : null,
    videoModels: valuesOf(find(devices, "video"), "modelType"),
  };
}

function valuesOf(parent: XmlElement | undefined, name: string): string[] | null {
  const list = findAll(parent, "enum").find(({ attributes }) => attributes["name"] === name);
  return list === undefined ? null : findAll(list, "value").map(({ text }) => text.trim());
}
