import type { procedures } from "../../src/tools/libvirt/rpc/procedures.ts";
import type { Domain } from "./libvirtd.ts";
import { child, childrenOf, copyXml, type Xml, xml } from "./xml.ts";

/** Procedures that libvirt's driver of containers does not have, by libvirt's names of the functions. */
const missing: Partial<Record<keyof typeof procedures, string>> = {
  domainCapabilities: "virConnectGetDomainCapabilities",
  domainStats: "virConnectGetAllDomainStats",
  blockInfo: "virDomainGetBlockInfo",
  blockJobInfo: "virDomainGetBlockJobInfo",
  blockResize: "virDomainBlockResize",
  listSnapshots: "virDomainListAllSnapshots",
  listCheckpoints: "virDomainListAllCheckpoints",
  managedSaveXml: "virDomainManagedSaveGetXMLDesc",
  removeManagedSave: "virDomainManagedSaveRemove",
  rename: "virDomainRename",
  setVcpus: "virDomainSetVcpusFlags",
  setBlockIoTune: "virDomainSetBlockIoTune",
};

/** Throws what the driver of containers answers to what it does not have. */
export function refuseOfContainers(key: keyof typeof procedures, args: unknown): void {
  const name = missing[key];
  if (name !== undefined) throw new Error(`this function is not supported by the connection driver: ${name}`);
  const { flags = 0 } = (args ?? {}) as { readonly flags?: number };
  if (key === "undefine" && flags !== 0) throw new Error(`unsupported flags (0x${flags.toString(16)}) in function lxcDomainUndefineFlags`);
}

/** Whether a domain is a container. */
export function isContainer({ stored, live, undefined: last }: Pick<Domain, "stored" | "live" | "undefined">): boolean {
  return (stored ?? live ?? last)?.attributes["type"] === "lxc";
}

/** What the driver says about itself, shortened to what is read of it. */
export const containerCapabilities = `<capabilities>
  <host>
    <cpu>
      <arch>x86_64</arch>
    </cpu>
    <secmodel>
      <model>none</model>
      <doi>0</doi>
    </secmodel>
  </host>
  <guest>
    <os_type>exe</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
      <domain type='lxc'/>
    </arch>
  </guest>
</capabilities>
`;

/** The order in which libvirt prints what stands in a container. */
const order = [
  "name",
  "uuid",
  "metadata",
  "memory",
  "currentMemory",
  "vcpu",
  "cputune",
  "resource",
  "os",
  "features",
  "clock",
  "on_poweroff",
  "on_reboot",
  "on_crash",
  "devices",
];

/** A container as libvirt 9.0 stores it: with all that it adds of its own accord. Throws what it refuses. */
export function storedContainer(given: Xml): Xml {
  const root = copyXml(given);
  const type = child(root, "os", "type");
  if (type?.text.trim() !== "exe") throw new Error("unsupported configuration: could not find capabilities for ostype=hvm domaintype=lxc");
  if (type.attributes["machine"] !== undefined) delete type.attributes["machine"];
  const memory = child(root, "memory")?.text.trim() ?? "0";
  const add = (element: Xml) => {
    if (child(root, element.name) === undefined) root.children.push(element);
  };
  add(xml("currentMemory", { unit: "KiB" }, memory));
  const vcpu = child(root, "vcpu");
  if (vcpu !== undefined) vcpu.attributes = { placement: "static", ...vcpu.attributes };
  if (child(root, "os", "init") === undefined) child(root, "os")?.children.push(xml("init", {}, "/sbin/init"));
  add(xml("resource", {}, [xml("partition", {}, "/machine")]));
  add(xml("clock", { offset: "utc" }));
  for (const [name, value] of [
    ["on_poweroff", "destroy"],
    ["on_reboot", "restart"],
    ["on_crash", "destroy"],
  ] as const)
    add(xml(name, {}, value));
  add(xml("devices"));
  const devices = child(root, "devices") as Xml;
  if (child(devices, "emulator") === undefined) devices.children.unshift(xml("emulator", {}, "/usr/lib/libvirt/libvirt_lxc"));
  if (child(devices, "console") === undefined) devices.children.push(xml("console", { type: "pty" }));
  for (const console of childrenOf(devices, "console")) {
    if (console.attributes["type"] !== "pty") throw new Error("unsupported configuration: Only PTY console types are supported");
    if (child(console, "target") === undefined) console.children.push(xml("target", { type: "lxc", port: "0" }));
  }
  const rank = ({ name }: Xml) => (order.includes(name) ? order.indexOf(name) : order.length);
  return { ...root, children: root.children.toSorted((one, other) => rank(one) - rank(other)) };
}

/** The files that are mounted for a container, by directory. */
export function mountsOf(root: Xml): { readonly target: string; readonly path: string; readonly readOnly: boolean }[] {
  return childrenOf(child(root, "devices"), "filesystem").flatMap((system) => {
    const path = child(system, "source")?.attributes["file"];
    if (path === undefined) return [];
    return [{ target: child(system, "target")?.attributes["dir"] ?? "", path, readOnly: child(system, "readonly") !== undefined }];
  });
}
