import { isUp } from "../../power/is-up.ts";
import type { DomainFields, DomainState, FieldValue } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import type { FieldTraits } from "../field.ts";
import { type AnyDeviceFields, type FieldRow, fieldRows, isDevices } from "../fields.ts";
import { isSatisfied } from "../is-satisfied.ts";
import { pendingFields } from "../pending.ts";
import { traitsOf } from "../traits.ts";
import type { Hotplug, Possible, RunningGuest } from "./live.ts";

/** One change of a running guest, as plain data. */
export type LiveStep =
  | { readonly do: "set"; readonly path: string; readonly value: FieldValue | null }
  | { readonly do: "attach"; readonly section: string; readonly key: string }
  | { readonly do: "detach"; readonly section: string; readonly key: string }
  | { readonly do: "update"; readonly section: string; readonly key: string; readonly names: readonly string[] };

/** What of a plan a running guest takes at once. */
export interface LivePlan {
  readonly steps: readonly LiveStep[];
  /** Paths of the fields that change while the guest runs. */
  readonly paths: ReadonlySet<string>;
  /** Why others wait, by path, where a running guest could have taken them in other circumstances. Of a device, by its first field. */
  readonly reasons: ReadonlyMap<string, string>;
  /** Fields that were changed by hand on the running guest only, and are set back. They are stored as they are wanted. */
  readonly drifted: readonly string[];
  /** Devices (`disks.vdb`) that only wait to go because the guest does not react now. */
  readonly postponed: ReadonlySet<string>;
}

/** Nothing can be done while the guest runs. */
export const nothingLive: LivePlan = { steps: [], paths: new Set(), reasons: new Map(), drifted: [], postponed: new Set() };

/**
 * Decides what a running guest takes at once: of the fields whose stored value differs from the wanted one (`differing`), and of those
 * that were changed by hand while it ran. Pure.
 */
export function planLive(want: DomainSpec, wanted: DomainFields, have: DomainState, differing: readonly string[]): LivePlan {
  const { active } = have;
  if (active === null || active === have.fields || !isUp(have.power) || want.powerState === "stopped") return nothingLive;
  const changed = new Set(differing);
  const isOurs = (path: string) => !want.adopted || wanted[path] !== undefined;
  const drifted = pendingFields(have).flatMap(({ path, cause }) =>
    cause === "drift" && !changed.has(path) && have.fields[path] === wanted[path] && isOurs(path) ? [path] : [],
  );
  const paths = [...differing.filter((path) => active[path] !== wanted[path]), ...drifted];
  if (paths.length === 0) return nothingLive;

  const plan: PlanInMaking = {
    want,
    wanted,
    power: have.power,
    guest: { active, freePorts: have.freePorts },
    ports: have.freePorts ?? Number.POSITIVE_INFINITY,
    steps: [],
    taken: new Set(),
    reasons: new Map(),
    postponed: new Set(),
  };
  for (const [group, members] of Map.groupBy(paths, groupOf)) {
    const row = rowOf(group);
    if (row === undefined) continue;
    if (isDevices(row)) decideDevice(plan, row, group, members);
    else decideField(plan, row.path, row.running, members);
  }
  const { steps, taken, reasons, postponed } = plan;
  return { steps, paths: taken, reasons, drifted: drifted.filter((path) => taken.has(path)), postponed };
}

/** What has been decided so far. */
interface PlanInMaking {
  readonly want: DomainSpec;
  readonly wanted: DomainFields;
  readonly power: DomainState["power"];
  readonly guest: RunningGuest;
  /** PCI ports that are free beside those of the devices that come. */
  ports: number;
  readonly steps: LiveStep[];
  readonly taken: Set<string>;
  readonly reasons: Map<string, string>;
  readonly postponed: Set<string>;
}

/** Takes a step that is possible, else keeps why not. `paths`: the fields that change by it. */
function decide(plan: PlanInMaking, paths: readonly string[], possible: Possible, step: LiveStep): boolean {
  const waits = possible === true && plan.power !== "running";
  const answer = waits ? `it is ${plan.power}` : possible;
  if (waits && step.do === "detach") plan.postponed.add(subjectOf(step));
  if (answer === true) {
    plan.steps.push(step);
    for (const path of paths) plan.taken.add(path);
    return true;
  }
  const [first] = paths;
  if (answer !== "" && first !== undefined) plan.reasons.set(first, answer);
  return false;
}

function decideField(plan: PlanInMaking, path: string, running: FieldTraits["running"], members: readonly string[]): void {
  if (typeof running !== "object") return;
  const { want: spec, wanted, guest } = plan;
  const value = wanted[path] ?? null;
  decide(plan, members, running.possible({ path, want: value, spec }, guest), { do: "set", path, value });
}

/** Decides about a device that comes, goes or changes. `group`: `disks.vda`. */
function decideDevice(plan: PlanInMaking, row: AnyDeviceFields, group: string, members: readonly string[]): void {
  const { want, guest, reasons } = plan;
  const { section, hotplug } = row;
  const key = group.slice(section.length + 1);
  if (want.virtType === "lxc") {
    const [first] = members;
    if (hotplug !== undefined && first !== undefined)
      reasons.set(first, "devices are added to and removed from a container only while it is off");
    return;
  }
  const item = row.items(want).find((one) => row.key(one) === key);
  const attached = Object.keys(guest.active).some((path) => path.startsWith(`${group}.`));
  if (item !== undefined && attached) return void changeDevice(plan, { section, key, item, hotplug }, members);
  if (hotplug === undefined) return;
  if (item === undefined) {
    if (attached) decide(plan, members, hotplug.detach(key, guest), { do: "detach", section, key });
    return;
  }
  const takesPort = hotplug.takesPort(item);
  const possible = takesPort && plan.ports <= 0 ? "it has no free PCI port" : hotplug.attach(item, guest);
  if (decide(plan, members, possible, { do: "attach", section, key }) && takesPort) plan.ports -= 1;
}

/** Decides about a device that the guest keeps: fields that change by themselves, and the others, for which it is changed as a whole or replaced. */
function changeDevice<Item>(
  plan: PlanInMaking,
  {
    section,
    key,
    item,
    hotplug,
  }: { readonly section: string; readonly key: string; readonly item: Item; readonly hotplug: Hotplug<Item> | undefined },
  members: readonly string[],
): void {
  const { guest } = plan;
  const own = members.filter((path) => typeof traitsOf(path).running === "object");
  for (const path of own) decideField(plan, path, traitsOf(path).running, [path]);
  const rest = members.filter((path) => !own.includes(path));
  if (rest.length === 0 || hotplug === undefined) return;
  const names = rest.map((path) => path.slice(`${section}.${key}.`.length));
  const changes = hotplug.changes(key, guest);
  if (names.every((name) => changes.includes(name))) {
    decide(plan, rest, hotplug.change?.(item, key, guest) ?? true, { do: "update", section, key, names });
    return;
  }
  if (hotplug.replaces !== true || !names.includes("source")) return;
  const leaves = hotplug.detach(key, guest);
  const possible = leaves === true ? hotplug.attach(item, guest) : leaves;
  if (decide(plan, members, possible, { do: "attach", section, key })) plan.steps.push({ do: "detach", section, key });
}

/** `disks.vda` of `disks.vda.source`; a field of the guest itself is a group of its own. */
function groupOf(path: string): string {
  const section = path.slice(0, path.indexOf("."));
  const row = path.includes(".") ? fieldRows().find((one) => isDevices(one) && one.section === section) : undefined;
  return row === undefined ? path : path.slice(0, path.lastIndexOf("."));
}

function rowOf(group: string): FieldRow | undefined {
  const section = group.slice(0, group.indexOf("."));
  return fieldRows().find((row) => (isDevices(row) ? row.section === section : row.path === group));
}

/** Whether a running guest has what a step gives it. */
export function isTaken(step: LiveStep, wanted: DomainFields, { active }: Pick<RunningGuest, "active">): boolean {
  if (step.do === "set") return (active[step.path] ?? null) === step.value;
  const device = `${step.section}.${step.key}`;
  const has = Object.keys(active).some((path) => path.startsWith(`${device}.`));
  if (step.do === "update")
    return step.names.every((name) => isSatisfied(traitsOf(`${device}.${name}`), active[`${device}.${name}`], wanted[`${device}.${name}`]));
  return step.do === "attach" ? has : !has;
}

/** What a step is about, for people: `memory`, `disks.vdb`. */
export function subjectOf(step: LiveStep): string {
  return step.do === "set" ? step.path : `${step.section}.${step.key}`;
}
