import type { Action } from "../../model/action.ts";
import { type Cause, type Change, causeOf, causeReasons, type FieldChange, notConfigured } from "../../model/change.ts";
import type { Fact } from "../../model/fact.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { isUp } from "../power/is-up.ts";
import {
  type FilterAddress,
  filterExists,
  filterGone,
  filters,
  type GroupAddress,
  groupExists,
  groupGone,
  groups,
} from "../terms/filter-address.ts";
import type { FilterContent, FilterRule, GroupState, PortFilterState } from "../terms/filter-state.ts";
import { adjusted, defined, type GuestState, gone, guests, released, stopped } from "../terms/guest-address.ts";
import type { BindArgs, PutArgs, RemoveArgs } from "./actions.ts";
import { describeFilter } from "./describe.ts";
import { linesDigest } from "./filter-lines.ts";
import type { FilterSpec, GroupSpec, PortSpec } from "./spec.ts";

/** The difference between the filter of a security group as wanted and as found. */
export function diffGroup(
  address: GroupAddress,
  want: GroupSpec | undefined,
  have: GroupState | undefined,
  observed: Observed,
): Change | undefined {
  const users = have === undefined ? [] : observed.of(filters).filter(([, { refers }]) => refers.includes(have.filter));
  if (want !== undefined) {
    const filtered = users.some(([, { ports }]) => ports.length > 0);
    const makes = [groupExists(address)];
    return changed(address, want, have, { isLost: users.length > 0, filtered, put: { type: "group.put", needs: [], makes } });
  }
  if (have === undefined || users.some(([, user]) => isWaiting(user, observed))) return undefined;
  // The interfaces have other groups before this one goes, or are gone themselves.
  const needs = users.flatMap(([user]) => [filterExists(user), filterGone(user)]);
  return removal(address, have, { type: "group.remove", needs, makes: [groupGone(address)] });
}

/** The difference between the filter of an interface as wanted and as found. */
export function diffPort(
  address: FilterAddress,
  want: PortSpec | undefined,
  have: PortFilterState | undefined,
  observed: Observed,
): Change | undefined {
  if (want === undefined) {
    if (have === undefined || isWaiting(have, observed)) return undefined;
    const users = usersOf(have.filter, observed).map(([user]) => user);
    // One of these happens: the guest goes, is switched off, loses the interface or its filter, or gets another definition.
    const needs = users.flatMap((guest) => [gone, stopped, released, adjusted, defined].map((fact) => fact(guest)));
    return removal(address, have, { type: "filter.remove", needs, makes: [filterGone(address)] });
  }
  const guest = observed.get(guests.at(want.instance));
  const needs = want.groups.map((name) => groupExists(groups.at(name)));
  const isLost = guest?.fields[`interfaces.${want.mac}.filter`] === want.filter;
  const filtered = (have?.ports.length ?? 0) > 0;
  const change = changed(address, want, have, { isLost, filtered, put: { type: "filter.put", needs, makes: [filterExists(address)] } });
  return guest === undefined || !isUnfiltered(guest, want, have) ? change : withBinding(address, change, want, guest, have);
}

/** A guest that runs with the filter in its definition, while libvirt has none on its device: all its traffic passes. */
function isUnfiltered({ power, active }: GuestState, { mac, filter }: PortSpec, have: PortFilterState | undefined): boolean {
  return isUp(power) && active?.[`interfaces.${mac}.filter`] === filter && (have?.ports.length ?? 0) === 0;
}

function withBinding(
  address: FilterAddress,
  change: Change | undefined,
  want: PortSpec,
  guest: GuestState,
  have: PortFilterState | undefined,
): Change {
  const args: BindArgs = { filter: want.filter, mac: want.mac, uuid: guest.uuid };
  const action: Action = {
    id: `${address}#bind`,
    type: "filter.bind",
    address,
    summary: "put it on the device of the running guest",
    args: args as unknown as Json,
    needs: [filterExists(address)],
    makes: [],
    locks: [lockOf(want)],
    effect: "live",
  };
  const field: FieldChange = { path: "is on the device of the running guest", new: true, effect: "live", cause: "drift" };
  if (change !== undefined) return { ...change, fields: [...change.fields, field], actions: [...change.actions, action] };
  return {
    address,
    verb: "update",
    cause: "drift",
    reason: "the running guest is not filtered: the binding of its device was removed",
    fields: [field],
    actions: [action],
    before: have === undefined ? null : describeFilter(have),
    after: describeFilter(want),
  };
}

/** What differs between a change of one kind of filter and of the other. */
interface Put {
  readonly type: string;
  readonly needs: readonly Fact[];
  readonly makes: readonly Fact[];
}

function changed(
  address: GroupAddress | FilterAddress,
  want: FilterSpec & Protected,
  have: (FilterContent & Protected) | undefined,
  { isLost, filtered, put }: { readonly isLost: boolean; readonly filtered: boolean; readonly put: Put },
): Change | undefined {
  const isSame = have?.lines.join("\n") === want.lines.join("\n");
  const protection = have?.protects === want.protects ? [] : [protectionField(want, have)];
  if (have !== undefined && isSame && protection.length === 0) return undefined;
  const { cause, reason } = have === undefined ? missing(isLost) : isSame ? onlyProtection : causeOfChange(want, have);
  const effect = filtered ? "live" : "none";
  const { filter, document, protects } = want;
  const args: PutArgs = { filter, document, ...(protects === undefined ? {} : { protects }) };
  const action: Action = {
    id: `${address}#put`,
    type: put.type,
    address,
    summary:
      have === undefined
        ? "define the filter"
        : filtered
          ? "redefine the filter, in one step for all guests that have it"
          : "redefine the filter",
    args: args as unknown as Json,
    needs: put.needs,
    makes: put.makes,
    locks: [lockOf(want)],
    effect,
    // libvirt writes the rules of each device again.
    ...(filtered ? { cost: { seconds: 3 } } : {}),
  };
  const rules = have !== undefined && isSame ? [] : ruleChanges(want, have);
  const fields = [...rules.map((field) => (have === undefined ? field : ({ ...field, effect, cause } as const))), ...protection];
  return {
    address,
    verb: have === undefined ? "create" : "update",
    cause,
    reason,
    fields,
    actions: [action],
    before: have === undefined ? null : describeFilter(have),
    after: describeFilter(want),
  };
}

/** What only groups have. */
interface Protected {
  readonly protects?: true;
}

const onlyProtection = { cause: "config", reason: "prevent_destroy changed" } as const;

function protectionField(want: Protected, have: Protected | undefined): FieldChange {
  return {
    path: "prevent_destroy",
    ...(have === undefined ? {} : { old: have.protects === true }),
    new: want.protects === true,
    effect: "none",
    cause: "config",
  };
}

function missing(isLost: boolean): { readonly cause: Cause; readonly reason: string } {
  return isLost ? { cause: "drift", reason: "libvirt no longer has it" } : { cause: "config", reason: "does not exist yet" };
}

function causeOfChange(want: FilterSpec, have: FilterContent): { readonly cause: Cause; readonly reason: string } {
  // Each filter of ours says what was applied: one that does not was edited.
  const cause = have.applied === null ? "drift" : causeOf(linesDigest(want.lines), have.applied, linesDigest(have.lines));
  return { cause, reason: causeReasons[cause] };
}

/** The rules that come and go. Where people would see no difference, the lines as they are compared. */
function ruleChanges(want: FilterSpec, have: FilterContent | undefined): FieldChange[] {
  const words = byText(want.rules, have?.rules ?? []);
  if (words.length > 0 || have === undefined) return words;
  const plain = (lines: readonly string[]) => lines.map((text): FilterRule => ({ text, note: null }));
  return byText(plain(want.lines), plain(have.lines));
}

function byText(wanted: readonly FilterRule[], found: readonly FilterRule[]): FieldChange[] {
  const [want, have] = [valuesOf(wanted), valuesOf(found)];
  const fresh = [...want].flatMap(([path, value]): FieldChange[] => {
    const old = have.get(path);
    return old === value ? [] : [withoutUndefined({ path, old, new: value })];
  });
  const leaving = [...have].flatMap(([path, old]): FieldChange[] => (want.has(path) ? [] : [{ path, old }]));
  return [...leaving, ...fresh];
}

function valuesOf(rules: readonly FilterRule[]): Map<string, string | true> {
  return new Map(rules.map(({ text, note }) => [text, note ?? true]));
}

function removal(address: GroupAddress | FilterAddress, have: FilterContent, { type, needs, makes }: Put): Change {
  const args: RemoveArgs = { filter: have.filter };
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: notConfigured,
    fields: have.rules.map(({ text, note }) => ({ path: text, old: note ?? true })),
    actions: [
      {
        id: `${address}#remove`,
        type,
        address,
        summary: "undefine the filter",
        args: args as unknown as Json,
        needs,
        makes,
        locks: [lockOf(have)],
        effect: "none",
      },
    ],
    before: describeFilter(have),
    after: null,
  };
}

/** Whether a filter that is not wanted stays for now: only a running guest has it still, and loses it with its next restart. */
function isWaiting({ filter }: Pick<PortFilterState, "filter">, observed: Observed): boolean {
  return usersOf(filter, observed).some(([, { power, fields, active }]) => {
    const has = (values: Readonly<Record<string, unknown>> | null) => Object.values(values ?? {}).includes(filter);
    return isUp(power) && has(active) && !has(fields);
  });
}

/** Guests whose definitions have a filter, the stored ones or those that they run with. */
function usersOf(filter: string, observed: Observed) {
  return observed
    .of(guests)
    .filter(([, { fields, active }]) => [fields, active ?? {}].some((values) => Object.values(values).includes(filter)));
}

function lockOf({ filter }: { readonly filter: string }): string {
  return `nwfilter/${filter}`;
}
