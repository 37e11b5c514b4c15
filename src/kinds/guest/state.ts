import { isObjectName } from "../../model/address.ts";
import type { Json } from "../../model/json.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { type DiskLayers, diskLayers } from "../../tools/libvirt/disk-layers.ts";
import type { DomainRecord } from "../../tools/libvirt/libvirt.ts";
import { alikeXmlParser, find, parseXml, textAt, type XmlElement } from "../../tools/xml.ts";
import { disksOf } from "../power/domain-disks.ts";
import { whyPaused } from "../power/why-paused.ts";
import type { DiskChain } from "../terms/disk-chain.ts";
import type { DomainFields, DomainLabel, DomainState } from "../terms/domain-state.ts";
import { definitionDigest } from "./definition-digest.ts";
import { foreignParts } from "./foreign.ts";
import { freePorts } from "./live/free-ports.ts";
import { labelNamespace } from "./metadata.ts";
import { pendingFields } from "./pending.ts";
import { readFields } from "./read-fields.ts";
import { listedFields } from "./traits.ts";

/** What the definitions of one domain say. */
export interface DomainLook {
  readonly state: DomainState;
  /** The disks of the stored definition with what it names below them, and of the active one; null when it is off. */
  readonly stored: readonly DiskLayers[];
  readonly running: readonly DiskLayers[] | null;
}

/** The state of one domain. Throws an Error when its definition is not XML. */
export function domainState(record: DomainRecord): DomainState {
  return domainLook(record).state;
}

/** Parsers of stored and of active definitions. */
export interface DefinitionParsers {
  readonly stored: (xml: string) => XmlElement;
  readonly active: (xml: string) => XmlElement;
}

/** Parsers for the definitions of many domains. */
export function definitionParsers(): DefinitionParsers {
  return { stored: alikeXmlParser(), active: alikeXmlParser() };
}

/** What a plan asks about guests that it leaves alone: what they take of the host. */
const fieldsOfOthers = ["memory", "vcpus"] as const;

/**
 * The state of one domain, and its disks as the definitions name them. Throws an Error when a definition is not XML. `isOwn`: whether the plan is about this
 * guest; of any other only the label, the disks and `fieldsOfOthers` are read.
 */
export function domainLook(
  record: DomainRecord,
  parse: DefinitionParsers = { stored: parseXml, active: parseXml },
  isOwn: (label: DomainLabel | undefined) => boolean = () => true,
): DomainLook {
  const root = parse.stored(record.xml);
  const running = record.active === null || record.active === record.xml ? root : parse.active(record.active);
  const stored = diskLayers(root);
  const active = record.active === null ? null : running === root ? stored : diskLayers(running);
  const label = readLabel(root);
  const state = isOwn(label) ? stateOf(record, label, root, running) : stateOfOther(record, label, root);
  return { state, stored, running: active };
}

function stateOfOther(record: DomainRecord, label: DomainLabel | undefined, root: XmlElement): DomainState {
  const { uuid, name, power, persistent } = record;
  const fields = readFields(root, { record, only: fieldsOfOthers });
  return { uuid, name, power, persistent, label, fields, foreign: [], definition: "", disks: disksOf(root), ...off };
}

function stateOf(record: DomainRecord, label: DomainLabel | undefined, root: XmlElement, running: XmlElement): DomainState {
  const fields = readFields(root, { record });
  const { uuid, name, power, persistent } = record;
  const foreign = label === undefined ? [] : foreignParts(root);
  const definition = label === undefined ? "" : definitionDigest(record.xml);
  const pausedBy = whyPaused(record);
  const active = activeOf(record, fields, label, root, running);
  const state = { uuid, name, power, persistent, label, fields, foreign, definition, disks: disksOf(root), ...active };
  const { snapshots, checkpoints } = record;
  const failedStart = power === "stopped" && record.reason === "failed" ? (true as const) : undefined;
  if (pausedBy === null && failedStart === undefined && snapshots === undefined && checkpoints === undefined) return state;
  return { ...state, ...withoutUndefined({ pausedBy: pausedBy ?? undefined, failedStart, snapshots, checkpoints }) };
}

type ActivePart = Pick<DomainState, "active" | "activeApplied" | "freePorts">;

const off: ActivePart = { active: null, activeApplied: null, freePorts: null };

/** What a domain runs with. */
function activeOf(
  record: DomainRecord,
  stored: DomainFields,
  label: DomainLabel | undefined,
  root: XmlElement,
  running: XmlElement,
): ActivePart {
  if (record.active === null) return off;
  if (running === root) return { active: stored, activeApplied: label?.applied ?? null, freePorts: null };
  const active = readFields(running, { record, running: true });
  return { active, activeApplied: readLabel(running)?.applied ?? null, freePorts: freePorts(running) };
}

/** The paths that the label of an adopted guest lists. */
function adoptedDisks(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  try {
    const paths: unknown = JSON.parse(text);
    return Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
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
    ...(state.pausedBy === undefined ? {} : { paused_by: state.pausedBy }),
    ...(state.failedStart === undefined ? {} : { failed_start: true }),
    ...(state.unready === true ? { ready: false } : {}),
    ...(state.plugging === true ? { plugged: false } : {}),
    ...(state.snapshots === undefined ? {} : { snapshots: state.snapshots }),
    ...(state.checkpoints === undefined ? {} : { checkpoints: state.checkpoints }),
    ...(state.chains === undefined ? {} : { layers: describeChains(state.chains) }),
    ...(state.foreign.length === 0 ? {} : { foreign: Object.fromEntries(state.foreign.map(({ path, xml }) => [path, xml])) }),
    ...(pending.length === 0 ? {} : { pending: Object.fromEntries(pending) }),
  };
}

/** What lies below disks that are more than one file of ours, by target, the upper layers first. */
function describeChains(chains: readonly DiskChain[]): Json {
  const shown = chains.toSorted((one, other) => Number(one.running) - Number(other.running));
  return Object.fromEntries(
    shown.map(({ target, layers, broken, job }) => [
      target,
      [
        ...layers.map(({ source }) => source),
        ...(broken === null ? [] : [`${broken.why}: ${broken.source}`]),
        ...(job === null ? [] : [`block job ${job.name}${job.source === null ? "" : ` to ${job.source}`}`]),
      ],
    ]),
  );
}

function readLabel(root: XmlElement): DomainLabel | undefined {
  for (const child of find(root, "metadata")?.children ?? []) {
    const [prefix, local] = child.name.includes(":") ? child.name.split(":") : ["", child.name];
    const namespace = child.attributes[prefix === "" ? "xmlns" : `xmlns:${prefix}`];
    if (namespace !== labelNamespace || local !== "instance") continue;
    const text = (name: string) => textAt(child, prefix === "" ? name : `${prefix}:${name}`);
    const [project, instance, power] = [text("project"), text("instance_name"), text("power_state")];
    if (project === undefined || !isObjectName(instance)) return undefined;
    // A clone made by hand has a copy of the label with another uuid; virtform does not own it.
    if (text("uuid") !== textAt(root, "uuid")) return undefined;
    const powerState = power === "stopped" || power === "ignore" ? power : "running";
    // Only an explicit "false" lifts the protection.
    const [applied, origin] = [text("applied"), text("origin")];
    return {
      project,
      instance,
      ...(origin === undefined ? {} : { origin }),
      preventDestroy: text("prevent_destroy") !== "false",
      adopted: adoptedDisks(text("adopted")),
      powerState,
      applied: applied ?? null,
    };
  }
  return undefined;
}
