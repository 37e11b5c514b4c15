import { isDeepStrictEqual } from "node:util";
import type { NetworkUpdate } from "../../tools/libvirt/libvirt.ts";
import { findAll, type XmlElement } from "../../tools/xml.ts";
import { writeXml } from "../guest/xml-writer.ts";
import type { NetworkFields, NetworkValue } from "../terms/network-state.ts";
import { elementOf } from "./elements.ts";
import { readNetwork, subnetPath } from "./read.ts";

/** The part of a network that a field is, as libvirt changes it while the network is active; undefined for a field that needs a restart of the network. */
function sectionOf(path: string): NetworkUpdate["section"] | undefined {
  if (/^dns\.hosts\./.test(path)) return "dns-host";
  if (/^dns\.txt\./.test(path)) return "dns-txt";
  if (/^dns\.srv\./.test(path)) return "dns-srv";
  if (/^subnets\.\S+\.dhcp\.ranges$/.test(path)) return "dhcp-range";
  return /^subnets\.\S+\.dhcp\.reservations\./.test(path) ? "dhcp-host" : undefined;
}

/** What only the definition has. */
const storedOnly: ReadonlySet<string> = new Set(["autostart", "active", "prevent_destroy"]);

/** The fields that an active network runs with otherwise than it should. What only the definition has is no part of it. Pure. */
export function runningDifferences(running: NetworkFields, wanted: NetworkFields): string[] {
  const paths = new Set([...Object.keys(wanted), ...Object.keys(running)]);
  return [...paths].filter((path) => !storedOnly.has(path) && !isDeepStrictEqual(running[path], wanted[path]));
}

/**
 * Whether an active network gets the new value of a field only when it is restarted. A subnet that it does not run with comes as a whole with the
 * restart, and DNS that is off is switched on by one. Pure.
 */
export function needsRestart(path: string, running: NetworkFields): boolean {
  const section = sectionOf(path);
  if (section === undefined) return true;
  if (section.startsWith("dns")) return running["dns.enabled"] === false;
  return running[`${subnetOfPath(path)}.address`] === undefined;
}

/** The updates that bring an active network to the wanted fields, as far as libvirt can: what goes before what comes. Pure. */
export function liveUpdates(active: XmlElement, wanted: NetworkFields): NetworkUpdate[] {
  const running = readNetwork(active);
  const addresses = findAll(active, "ip").map(subnetPath);
  const paths = runningDifferences(running, wanted).filter((path) => !needsRestart(path, running));
  const updates = (command: NetworkUpdate["command"], from: NetworkFields, other: NetworkFields) =>
    paths.flatMap((path): NetworkUpdate[] => {
      const section = sectionOf(path);
      if (section === undefined) return [];
      const parent = section.startsWith("dhcp") ? addresses.indexOf(subnetOfPath(path)) : null;
      // libvirt looks for a name as well as for the address, and refuses where two addresses have the name.
      const isNamed = command === "delete" && section === "dns-host";
      return valuesOf(path, from[path], other[path]).map((value) => ({
        command,
        section,
        parent,
        xml: writeXml(elementOf(path, isNamed ? [] : value)),
      }));
    });
  return [...updates("delete", running, wanted), ...updates("add", wanted, running)];
}

/** What one side has of a field and the other has not: ranges are one field of several elements. */
function valuesOf(path: string, value: NetworkValue | undefined, other: NetworkValue | undefined): NetworkValue[] {
  if (value === undefined) return [];
  if (!path.endsWith(".dhcp.ranges")) return [value];
  const known = new Set([other ?? []].flat());
  return ([value].flat() as string[]).filter((range) => !known.has(range));
}

/** `subnets.10.0.0.0/24` of `subnets.10.0.0.0/24.dhcp.ranges`. */
function subnetOfPath(path: string): string {
  return /^subnets\.[^/]+\/\d+/.exec(path)?.[0] ?? "";
}
