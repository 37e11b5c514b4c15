import { isUp } from "../../power/is-up.ts";
import type { DomainFields, DomainState, FieldValue } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { type FieldRow, fieldRows, isDevices } from "../fields.ts";
import { isSatisfied } from "../is-satisfied.ts";
import { pendingFields } from "../pending.ts";
import { traitsOf } from "../traits.ts";
import type { Possible, RunningGuest } from "./live.ts";

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

  const guest = { active, freePorts: have.freePorts };
  let ports = have.freePorts ?? Number.POSITIVE_INFINITY;
  const steps: LiveStep[] = [];
  const taken = new Set<string>();
  const reasons = new Map<string, string>();
  const postponed = new Set<string>();
  const decide = (of: readonly string[], possible: Possible, step: LiveStep) => {
    const waits = possible === true && have.power !== "running";
    const answer = waits ? `it is ${have.power}` : possible;
    if (waits && step.do === "detach") postponed.add(subjectOf(step));
    if (answer === true) steps.push(step);
    for (const path of of) if (answer === true) taken.add(path);
    const [first] = of;
    if (answer !== true && answer !== "" && first !== undefined) reasons.set(first, answer);
    return answer === true;
  };

  for (const [group, members] of Map.groupBy(paths, groupOf)) {
    const row = rowOf(group);
    if (row === undefined) continue;
    if (!isDevices(row)) {
      const { running } = row;
      const value = wanted[row.path] ?? null;
      if (typeof running !== "object") continue;
      decide(members, running.possible({ path: row.path, want: value, spec: want }, guest), { do: "set", path: row.path, value });
      continue;
    }
    const { section, hotplug } = row;
    const key = group.slice(section.length + 1);
    const item = row.items(want).find((one) => row.key(one) === key);
    const attached = Object.keys(active).some((path) => path.startsWith(`${group}.`));
    if (item !== undefined && attached && want.virtType !== "lxc") {
      changeDevice(members, group);
      continue;
    }
    if (hotplug === undefined) continue;
    if (want.virtType === "lxc") {
      if (members[0] !== undefined) reasons.set(members[0], "devices are added to and removed from a container only while it is off");
      continue;
    }
    if (item === undefined && attached) {
      decide(members, hotplug.detach(key, guest), { do: "detach", section, key });
    } else if (item !== undefined) {
      const room = !hotplug.takesPort(item) || ports > 0 || "it has no free PCI port";
      const possible = room === true ? hotplug.attach(item, guest) : room;
      if (decide(members, possible, { do: "attach", section, key }) && hotplug.takesPort(item)) ports -= 1;
    }

    function changeDevice(of: readonly string[], device: string): void {
      const own = of.filter((path) => typeof traitsOf(path).running === "object");
      for (const path of own) {
        const { running } = traitsOf(path);
        const value = wanted[path] ?? null;
        if (typeof running === "object")
          decide([path], running.possible({ path, want: value, spec: want }, guest), { do: "set", path, value });
      }
      const rest = of.filter((path) => !own.includes(path));
      const names = rest.map((path) => path.slice(device.length + 1));
      if (rest.length === 0 || hotplug === undefined) return;
      const changes = hotplug.changes(key, guest);
      if (!names.every((name) => changes.includes(name))) {
        if (hotplug.replaces !== true || !names.includes("source")) return;
        const leaves = hotplug.detach(key, guest);
        const possible = leaves === true ? hotplug.attach(item, guest) : leaves;
        if (decide(of, possible, { do: "attach", section, key })) {
          steps.push({ do: "detach", section, key });
        }
        return;
      }
      decide(rest, hotplug.change?.(item, key, guest) ?? true, { do: "update", section, key, names });
    }
  }
  return { steps, paths: taken, reasons, drifted: drifted.filter((path) => taken.has(path)), postponed };
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
