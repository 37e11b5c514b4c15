import { unexpectedAnswer } from "../../model/errors.ts";
import type { Owner } from "../../model/host.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { find, findAll, textAt, type XmlElement } from "../xml.ts";
import type { NodeFacts } from "./face.ts";

/** The machine, from libvirt's capabilities and numbers. Throws a CodedError that names what is missing. */
export function nodeFacts(answers: {
  readonly capabilities: XmlElement;
  readonly memoryKiB: number;
  readonly cpus: number;
  readonly hostname: string;
  readonly version: number;
}): NodeFacts {
  const { capabilities } = answers;
  const arch = textAt(capabilities, "host", "cpu", "arch");
  if (arch === undefined) throw unexpectedAnswer("libvirt", "Its capabilities do not name the host's architecture.");
  const offered = findAll(capabilities, "guest").flatMap((guest) => find(guest, "arch") ?? []);
  const own = offered.filter(({ attributes }) => attributes["name"] === arch);
  const kvm = own.some((guest) => findAll(guest, "domain").some(({ attributes }) => attributes["type"] === "kvm"));
  // A type of hypervisor may have machines of its own.
  const machines = own.flatMap((guest) => [guest, ...findAll(guest, "domain")].flatMap((one) => findAll(one, "machine")));
  const { hostname, cpus, memoryKiB, version } = answers;
  return {
    hostname,
    arch,
    kvm,
    cpus,
    memory: memoryKiB * 1024,
    libvirtVersion: versionText(version),
    machines: [...new Set(machines.map(({ text }) => text.trim()))],
    ...hugePagesOf(capabilities),
  };
}

/** The user and group of guests: the base label of libvirt's DAC driver, `+64055:+64055`. Null where there is none. */
export function guestOwner(capabilities: XmlElement): Owner | null {
  const models = findAll(find(capabilities, "host"), "secmodel").filter((model) => textAt(model, "model") === "dac");
  const label = models.flatMap((model) => findAll(model, "baselabel"))[0]?.text.trim() ?? "";
  const [, uid, gid] = /^\+(\d+):\+(\d+)$/.exec(label) ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Huge pages of all NUMA nodes together; those of 4 KiB are not huge. */
function hugePagesOf(capabilities: XmlElement): Pick<NodeFacts, "hugePages"> {
  const cells = findAll(find(capabilities, "host", "topology", "cells"), "cell");
  if (cells.length === 0) return {};
  const counts: Record<string, number> = {};
  for (const { attributes, text } of cells.flatMap((cell) => findAll(cell, "pages"))) {
    const bytes = Number(attributes["size"]) * 1024;
    if (bytes > 65_536 && Number(text) > 0) counts[formatQuantity(bytes)] = (counts[formatQuantity(bytes)] ?? 0) + Number(text);
  }
  return { hugePages: counts };
}

/** 9000000 is 9.0.0. */
export function versionText(version: number): string {
  return `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1000) % 1000}.${version % 1000}`;
}
