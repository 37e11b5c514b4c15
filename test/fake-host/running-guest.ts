import type { Domain } from "./libvirtd.ts";
import { tapName } from "./stored-domain.ts";
import { child, childrenOf, readXml, type Xml, xml } from "./xml.ts";

/** What a guest does not take part in: `balloon`, `unplug`, `tray` (it has its CD mounted); `bandwidth`: the kernel of its host cannot limit. */
export type Deafness = "balloon" | "unplug" | "tray" | "bandwidth";

interface Value {
  readonly field: string;
  readonly value: { readonly value: number | string };
}

/** Changes of running guests as libvirt 9.0 and qemu make them. Refusals are Errors in libvirt's words. */
export interface RunningGuests {
  /** Guests that lack a driver, by name. */
  readonly deafTo: Map<string, ReadonlySet<Deafness>>;
  setMemory(domain: Domain, kibibytes: number): void;
  setVcpus(domain: Domain, count: number): void;
  attach(domain: Domain, document: string): void;
  update(domain: Domain, document: string): void;
  detach(domain: Domain, document: string): void;
  limit(domain: Domain, target: string, values: readonly Value[]): void;
  schedule(domain: Domain, values: readonly Value[]): void;
  /** `to`: of the guest that runs, of the stored definition, or of both. */
  setMetadata(domain: Domain, element: { readonly metadata: string; readonly key: string; readonly uri: string }, to: number): void;
}

export function createRunningGuests(from?: RunningGuests): RunningGuests {
  const deafTo = new Map(from?.deafTo);
  const takesPart = ({ name, state }: Domain, in_: Deafness) => state === 1 && deafTo.get(name)?.has(in_) !== true;
  return {
    deafTo,
    setMemory(domain, kibibytes) {
      const live = running(domain);
      const [memory, current] = [child(live, "memory"), child(live, "currentMemory")];
      if (kibibytes > Number(memory?.text)) throw new Error("invalid argument: cannot set memory higher than max memory");
      if (current !== undefined && takesPart(domain, "balloon")) current.text = String(kibibytes);
    },
    setVcpus(domain, count) {
      const vcpu = child(running(domain), "vcpu");
      const most = Number(vcpu?.text.trim());
      if (vcpu === undefined || count > most) {
        throw new Error(`invalid argument: requested vcpus is greater than max allowable vcpus for the live domain: ${count} > ${most}`);
      }
      if (count === most) delete vcpu.attributes["current"];
      else vcpu.attributes["current"] = String(count);
    },
    attach(domain, document) {
      const devices = devicesOf(domain);
      const device = readXml(document);
      const key = keyOf(device);
      if (devices.children.some((one) => one.name === device.name && keyOf(one) === key)) {
        throw new Error(`operation failed: ${device.name === "disk" ? "target" : "a device with the mac"} ${key} already exists`);
      }
      const bus = child(device, "target")?.attributes["bus"];
      if (device.name === "interface" || bus === "virtio") {
        const [port] = freePorts(devices);
        if (port === undefined) throw new Error("internal error: No more available PCI slots");
        const address = { type: "pci", domain: "0x0000", bus: `0x${port.toString(16).padStart(2, "0")}`, slot: "0x00", function: "0x0" };
        device.children.push(xml("address", address));
      }
      device.children.push(xml("alias", { name: `${device.name}-${key}` }));
      if (device.name === "interface" && child(device, "target") === undefined) {
        const taken = childrenOf(devices, "interface").map((card) => child(card, "target")?.attributes["dev"]);
        const free = Array.from({ length: taken.length + 1 }, (_, card) => tapName(domain.id, card)).find((tap) => !taken.includes(tap));
        device.children.push(xml("target", { dev: free ?? "" }));
      }
      devices.children.push(device);
    },
    update(domain, document) {
      const { device, found, devices } = locate(domain, document);
      if (device.attributes["device"] === "cdrom" && isMediumChanged(found, device)) {
        if (child(found, "source")?.attributes["file"] !== undefined && deafTo.get(domain.name)?.has("tray") === true)
          throw new Error(`operation failed: timed out waiting to open tray of '${keyOf(device)}'`);
      } else if (device.attributes["device"] === "cdrom") return;
      const limits = (of: Xml) => JSON.stringify(child(of, "bandwidth")?.children ?? []);
      if (limits(found) !== limits(device) && deafTo.get(domain.name)?.has("bandwidth") === true)
        throw new Error(
          "internal error: Child process (/usr/sbin/tc qdisc add dev tap0 parent 1:1 handle 2: sfq perturb 10) unexpected exit status 2: Error: Specified qdisc kind is unknown.",
        );
      const stays = ({ name }: Xml) => name === "alias" || name === "address" || (name === "target" && device.name === "interface");
      const kept = found.children.filter(stays);
      const fresh = device.children.filter((one) => !stays(one));
      devices.children[devices.children.indexOf(found)] = { ...device, children: [...fresh, ...kept] };
    },
    detach(domain, document) {
      const { found, devices } = locate(domain, document);
      // libvirt waits for the guest, and answers well if it does not come.
      if (takesPart(domain, "unplug")) devices.children.splice(devices.children.indexOf(found), 1);
    },
    limit(domain, target, values) {
      const disk = devicesOf(domain).children.find((one) => one.name === "disk" && keyOf(one) === target);
      if (disk === undefined) throw new Error(`invalid argument: missing disk device '${target}'`);
      setValues(disk, "iotune", values, (value) => value !== 0);
    },
    schedule(domain, values) {
      const names: Readonly<Record<string, string>> = { cpu_shares: "shares", vcpu_period: "period", vcpu_quota: "quota" };
      const renamed = values.map(({ field, value }) => ({ field: names[field] ?? field, value }));
      setValues(running(domain), "cputune", renamed, () => true);
    },
    setMetadata(domain, { metadata, key, uri }, to) {
      if ((to & 2) !== 0 && domain.stored === undefined)
        throw new Error("Requested operation is not valid: transient domains do not have any persistent config");
      for (const document of [...((to & 1) === 0 ? [] : [running(domain)]), ...((to & 2) === 0 ? [] : [domain.stored])]) {
        const element = prefixed(readXml(metadata), key);
        element.attributes[`xmlns:${key}`] = uri;
        const all = child(document, "metadata");
        if (all === undefined) document?.children.push(xml("metadata", {}, [element]));
        else all.children = [...all.children.filter(({ attributes }) => attributes[`xmlns:${key}`] !== uri), element];
      }
    },
  };
}

/** Sets values as elements in one of this name; those that are not kept are left out. */
function setValues(parent: Xml, name: string, values: readonly Value[], isKept: (value: number) => boolean): void {
  const section = child(parent, name) ?? xml(name);
  const fields = new Set(values.map(({ field }) => field));
  section.children = [
    ...section.children.filter((one) => !fields.has(one.name)),
    ...values.flatMap(({ field, value }) => (isKept(Number(value.value)) ? [xml(field, {}, String(value.value))] : [])),
  ];
  parent.children = parent.children.filter((one) => one !== section);
  if (section.children.length > 0) parent.children.push(section);
}

function running({ live }: Domain): Xml {
  if (live === undefined) throw new Error("Requested operation is not valid: domain is not running");
  return live;
}

function devicesOf(domain: Domain): Xml {
  const devices = child(running(domain), "devices");
  if (devices === undefined) throw new Error("internal error: a domain without devices");
  return devices;
}

/** For libvirt, another file with the same name is the same medium. */
function isMediumChanged(found: Xml, device: Xml): boolean {
  return child(found, "source")?.attributes["file"] !== child(device, "source")?.attributes["file"];
}

/** The target of a disk, the address of an interface. */
function keyOf(device: Xml): string {
  return child(device, "target")?.attributes["dev"] !== undefined && device.name === "disk"
    ? (child(device, "target")?.attributes["dev"] ?? "")
    : (child(device, "mac")?.attributes["address"] ?? "");
}

function locate(domain: Domain, document: string): { readonly device: Xml; readonly found: Xml; readonly devices: Xml } {
  const devices = devicesOf(domain);
  const device = readXml(document);
  const found = devices.children.find((one) => one.name === device.name && keyOf(one) === keyOf(device));
  if (found !== undefined) return { device, found, devices };
  throw new Error(
    device.name === "disk"
      ? `operation failed: disk ${keyOf(device)} not found`
      : `device not found: no device matching MAC address ${keyOf(device)} found`,
  );
}

/** Numbers of the root ports that no device is on. */
function freePorts(devices: Xml): number[] {
  const used = new Set(devices.children.flatMap((device) => Number(child(device, "address")?.attributes["bus"] ?? Number.NaN)));
  return childrenOf(devices, "controller").flatMap(({ attributes }) => {
    const index = Number(attributes["index"]);
    return attributes["model"] === "pcie-root-port" && !used.has(index) ? [index] : [];
  });
}

function prefixed(element: Xml, prefix: string): Xml {
  return { ...element, name: `${prefix}:${element.name}`, children: element.children.map((one) => prefixed(one, prefix)) };
}
