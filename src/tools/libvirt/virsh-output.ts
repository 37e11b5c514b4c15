import { unexpectedAnswer } from "../../model/errors.ts";
import { find, findAll, parseXml, textAt } from "../xml.ts";
import type { NodeFacts } from "./face.ts";

/** Numbers of state and reason by domain name, from `domstats --state --raw`. */
export function parseStates(output: string): Map<string, { readonly state: number; readonly reason: number }> {
  const states = new Map<string, { readonly state: number; readonly reason: number }>();
  let name: string | undefined;
  for (const line of output.split("\n")) {
    const heading = /^Domain: '(.*)'$/.exec(line);
    if (heading !== null) name = heading[1];
    const [, key, value] = /^\s*state\.(state|reason)=(\d+)$/.exec(line) ?? [];
    if (key !== undefined && name !== undefined) {
      states.set(name, { ...(states.get(name) ?? { state: 0, reason: 0 }), [key]: Number(value) });
    }
  }
  return states;
}

/** Uuids from `list --uuid`. */
export function parseUuids(output: string): string[] {
  return output.match(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/gm) ?? [];
}

/**
 * Documents of several `dumpxml` commands on one line, one for each uuid asked for, in that order. Undefined when they are
 * not exactly that (a domain went away meanwhile, or one holds text that looks like a document's end): ask for each alone.
 */
export function splitDocuments(output: string, uuids: readonly string[]): string[] | undefined {
  const end = "\n</domain>\n";
  const documents: string[] = [];
  let start = 0;
  for (let at = output.indexOf(end); at >= 0; at = output.indexOf(end, start)) {
    documents.push(output.slice(start, at + end.length).trim());
    start = at + end.length;
  }
  const whole =
    output.slice(start).trim() === "" &&
    documents.length === uuids.length &&
    documents.every((document, index) => document.startsWith("<domain") && document.includes(`<uuid>${uuids[index]}</uuid>`));
  return whole ? documents : undefined;
}

/** Uuid and name of a domain, without parsing all of its document. */
export function identityOf(xml: string): { readonly uuid: string; readonly name: string } | undefined {
  const root = /^\s*<domain[^>]*>\s*<name>([^<]*)<\/name>\s*<uuid>([0-9a-f-]{36})<\/uuid>/.exec(xml);
  if (root === null) return undefined;
  return { name: unescapeXml(root[1] ?? ""), uuid: root[2] ?? "" };
}

function unescapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d+)|#x([0-9a-fA-F]+));/g, (_all, named, decimal, hex) =>
    named !== undefined
      ? (entities[named] ?? "")
      : String.fromCodePoint(decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16)),
  );
}

/** The machine, from `capabilities`, `nodeinfo`, `hostname` and `version`. Throws an Error that names what is missing. */
export function parseNode(output: {
  readonly capabilities: string;
  readonly nodeinfo: string;
  readonly hostname: string;
  readonly version: string;
}): NodeFacts {
  const capabilities = parseXml(output.capabilities.trim());
  const arch = textAt(capabilities, "host", "cpu", "arch");
  const cpus = /^CPU\(s\):\s+(\d+)$/m.exec(output.nodeinfo)?.[1];
  const memory = /^Memory size:\s+(\d+) KiB$/m.exec(output.nodeinfo)?.[1];
  const version = /^Using library: libvirt (\S+)$/m.exec(output.version)?.[1];
  if (arch === undefined) throw unexpectedAnswer("virsh capabilities", "It does not name the host's architecture.");
  if (cpus === undefined || memory === undefined) throw unexpectedAnswer("virsh nodeinfo", "It does not tell processors and memory.");
  const kvm = findAll(capabilities, "guest").some((guest) => {
    const offered = find(guest, "arch");
    return offered?.attributes["name"] === arch && findAll(offered, "domain").some((domain) => domain.attributes["type"] === "kvm");
  });
  return {
    hostname: output.hostname.trim(),
    arch,
    kvm,
    cpus: Number(cpus),
    memory: Number(memory) * 1024,
    libvirtVersion: version ?? "unknown",
  };
}

/** The size of a disk as its guest sees it, in bytes, from `domblkinfo`. Throws an Error when there is none. */
export function parseBlockSize(output: string): number {
  const capacity = /^Capacity:\s+(\d+)$/m.exec(output)?.[1];
  if (capacity === undefined) throw unexpectedAnswer("virsh domblkinfo", "It does not tell the size of a disk.", output);
  return Number(capacity);
}

/** `virsh -q secret-list`: the secrets for volumes. Others have names of their own that mean nothing here. */
export function parseSecrets(output: string): { readonly uuid: string; readonly usage: string }[] {
  return output.split("\n").flatMap((line) => {
    const [, uuid, usage] = /^\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+volume (.*?)\s*$/.exec(line) ?? [];
    return uuid === undefined || usage === undefined ? [] : [{ uuid, usage }];
  });
}
