import { addressName } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import { formatCidr, formatIp } from "../../model/ip.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import type { Pointer } from "../../model/pointer.ts";
import type { XmlElement } from "../../tools/xml.ts";
import { subnetsOf } from "../config/subnets-of.ts";
import type { Config } from "../config.ts";
import type { DriftEdit, FoundDrift, Inexpressible } from "../terms/drift-edit.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkFields } from "../terms/network-state.ts";
import { elementOf } from "./elements.ts";
import { portReservations } from "./port-reservations.ts";

/** What has to be written so that the drift of networks is the wanted state, and what cannot be written. Changes of other kinds are left alone. Pure. */
export function networkDriftEdits(changes: readonly Change[], config: Config, observed: Observed): FoundDrift {
  const edits: DriftEdit[] = [];
  const left: Inexpressible[] = [];
  const reserved = new Set(portReservations(config, {}).map(({ network, address }) => `${network} ${formatIp(address)}`));
  for (const { address, verb, cause, fields, reason } of changes) {
    const name = addressName(address);
    if (!networks.owns(address) || cause === "config") continue;
    const state = observed.get(networks.at(name));
    const written = withoutPorts(state?.fields ?? {}, name, reserved);
    const refuse = (path: string, why: string) => left.push({ address, path, why });
    if (verb !== "update" || state === undefined) {
      refuse("network", `${reason}: no key of the configuration says that`);
      continue;
    }
    for (const field of fields.filter((one) => one.cause === "drift" || one.cause === "both")) {
      const { path } = field;
      if (path === "active") refuse(path, "is no key of the configuration: a declared network is active");
      else if (path === "ports") refuse(path, "is no key of the configuration: interfaces of guests are connected");
      else if (reserved.has(`${name} ${reservedIn(path)}`))
        refuse(path, "follows from addresses of an instance: change them there, or apply to reserve it again");
      else if (state.applied !== null && isSame(state.fields[path], state.applied[path]))
        refuse(path, "was changed on the active network only; make it last first (`virsh net-update … --config`)");
      else {
        const edit = editOf(path, name, written, config);
        if (edit === undefined) refuse(path, "is no key of the configuration in this form");
        else edits.push({ address, ...edit });
      }
    }
  }
  return { edits: [...new Map(edits.map((edit) => [JSON.stringify(edit.pointer), edit])).values()], left };
}

/** The fields that are written in the network itself: reservations of instances follow from their addresses. */
function withoutPorts(fields: NetworkFields, name: string, reserved: ReadonlySet<string>): NetworkFields {
  return Object.fromEntries(Object.entries(fields).filter(([path]) => !reserved.has(`${name} ${reservedIn(path)}`)));
}

/** The address of a reservation by the path of its field; empty for other fields. */
function reservedIn(path: string): string {
  return path.split(".dhcp.reservations.")[1] ?? "";
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

const plainKeys = new Set(["autostart", "domain", "mtu", "vlan", "device", "bridge", "dns.enabled", "dns.forwarders"]);

/** The place of a field in the configuration, and what the host has there. Records that are entries of a list are written as the whole list. */
function editOf(path: string, name: string, have: NetworkFields, config: Config): Pick<DriftEdit, "pointer" | "value"> | undefined {
  const at: Pointer = ["networks", name];
  const listed = (prefix: string, entry: (element: XmlElement) => Json): Json | undefined => {
    const entries = Object.entries(have).flatMap(([key, value]) => (key.startsWith(prefix) ? [entry(elementOf(key, value))] : []));
    return entries.length === 0 ? undefined : entries;
  };
  if (plainKeys.has(path)) return { pointer: [...at, ...path.split(".")], value: have[path] as Json | undefined };
  if (path.startsWith("dns.hosts.")) return { pointer: [...at, "dns", "hosts"], value: listed("dns.hosts.", namesOf) };
  if (path.startsWith("dns.txt.")) return { pointer: [...at, "dns", "txt"], value: listed("dns.txt.", ({ attributes }) => attributes) };
  if (path.startsWith("dns.srv.")) return { pointer: [...at, "dns", "srv"], value: listed("dns.srv.", serviceOf) };
  const [, cidr = "", key = ""] = /^subnets\.([^/]+\/\d+)\.(.*)$/.exec(path) ?? [];
  const subnet = subnetsOf(config, name).find((one) => formatCidr(one.cidr) === cidr);
  if (subnet === undefined) return undefined;
  const place: Pointer = [...at, "subnets", subnet.index];
  const found = have[path];
  if (key === "address" || key === "gateway" || key === "dns_servers")
    return { pointer: [...place, key], value: found as Json | undefined };
  if (key === "routes") return { pointer: [...place, key], value: pairs(found, " via ", "to", "via") };
  if (key === "dhcp.ranges") return { pointer: [...place, "dhcp", "ranges"], value: pairs(found, "-", "start", "end") };
  if (!key.startsWith("dhcp.reservations.")) return undefined;
  return { pointer: [...place, "dhcp", "reservations"], value: listed(`subnets.${cidr}.dhcp.reservations.`, machineOf) };
}

function pairs(found: NetworkFields[string] | undefined, between: string, first: string, second: string): Json | undefined {
  if (found === undefined) return undefined;
  return [found].flat().map((one) => {
    const [before = "", after = ""] = String(one).split(between);
    return { [first]: before, [second]: after };
  });
}

function namesOf({ attributes: { ip = "" }, children }: XmlElement): Json {
  return { address: ip, names: children.map(({ text }) => text) };
}

function serviceOf({ attributes: { port, priority, weight, ...rest } }: XmlElement): Json {
  return { ...rest, port: Number(port), priority: Number(priority), weight: Number(weight) };
}

function machineOf({ attributes: { ip = "", id, ...rest } }: XmlElement): Json {
  return { ...rest, ...(id === undefined ? {} : { duid: id }), address: ip };
}
