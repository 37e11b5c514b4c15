import type { Json } from "../../model/json.ts";
import type { DomainRecord } from "../../tools/libvirt/libvirt.ts";
import { find, parseXml, textAt, type XmlElement } from "../../tools/xml.ts";
import { disksOf } from "../power/domain-disks.ts";
import type { DomainFields, DomainLabel, DomainState } from "../terms/domain-state.ts";
import { definitionDigest } from "./definition-digest.ts";
import { foreignParts } from "./foreign.ts";
import { freePorts } from "./live/free-ports.ts";
import { labelNamespace } from "./metadata.ts";
import { pendingFields } from "./pending.ts";
import { readFields } from "./read-fields.ts";
import { listedFields } from "./traits.ts";

/** The state of one domain. Throws an Error when its definition is not XML. */
export function domainState(record: DomainRecord): DomainState {
  const root = parseXml(record.xml);
  const fields = readFields(root, { record });
  const label = readLabel(root);
  const { uuid, name, power, persistent } = record;
  const foreign = label === undefined ? [] : foreignParts(root);
  const definition = label === undefined ? "" : definitionDigest(record.xml);
  const common = { uuid, name, power, persistent, label, fields, foreign, definition, disks: disksOf(root) };
  if (record.active === null) return { ...common, active: null, activeApplied: null, freePorts: null };
  if (record.active === record.xml) return { ...common, active: fields, activeApplied: label?.applied ?? null, freePorts: null };
  const running = parseXml(record.active);
  const active = readFields(running, { record, running: true });
  return { ...common, active, activeApplied: readLabel(running)?.applied ?? null, freePorts: freePorts(running) };
}

/** The fields in domain XML, flat. Documents that describe the same guest have equal fields. */
export function domainFields(xml: string): DomainFields {
  return readFields(parseXml(xml));
}

/** Name and owner that a definition records. */
export function domainOwner(xml: string): Pick<DomainState, "name" | "label"> {
  const root = parseXml(xml);
  return { name: textAt(root, "name") ?? "", label: readLabel(root) };
}

/** What plans are based on and `show` prints: the actual state, not the configured one. */
export function describeDomain(state: DomainState): Json {
  const pending = pendingFields(state).map(({ path, old, new: stored }) => [path, { active: old ?? null, stored: stored ?? null }]);
  return {
    ...listedFields(state.fields),
    uuid: state.uuid,
    persistent: state.persistent,
    power_state: state.power,
    ...(state.foreign.length === 0 ? {} : { foreign: Object.fromEntries(state.foreign.map(({ path, xml }) => [path, xml])) }),
    ...(pending.length === 0 ? {} : { pending: Object.fromEntries(pending) }),
  };
}

function readLabel(root: XmlElement): DomainLabel | undefined {
  for (const child of find(root, "metadata")?.children ?? []) {
    const [prefix, local] = child.name.includes(":") ? child.name.split(":") : ["", child.name];
    const namespace = child.attributes[prefix === "" ? "xmlns" : `xmlns:${prefix}`];
    if (namespace !== labelNamespace || local !== "instance") continue;
    const text = (name: string) => textAt(child, prefix === "" ? name : `${prefix}:${name}`);
    const [project, instance, power] = [text("project"), text("instance_name"), text("power_state")];
    if (project === undefined || instance === undefined) return undefined;
    // A clone made by hand has a copy of the label with another uuid; virtform does not own it.
    if (text("uuid") !== textAt(root, "uuid")) return undefined;
    const powerState = power === "stopped" || power === "ignore" ? power : "running";
    // Only an explicit "false" lifts the protection.
    const applied = text("applied");
    return {
      project,
      instance,
      preventDestroy: text("prevent_destroy") !== "false",
      powerState,
      applied: applied ?? null,
    };
  }
  return undefined;
}
