import { isDeepStrictEqual } from "node:util";
import type { Action, Fact } from "../../model/action.ts";
import { type Change, causeOf, combineCauses, type FieldChange, notConfigured } from "../../model/change.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { adjusted, defined, gone, guests, released, stopped } from "../terms/guest-address.ts";
import { type NetworkAddress, networkExists, networkGone } from "../terms/network-address.ts";
import type { NetworkFields, NetworkState, NetworkUser, NetworkValue } from "../terms/network-state.ts";
import { needsRestart, runningDifferences } from "./live.ts";
import { nestedFields } from "./nested-fields.ts";
import type { NetworkSpec } from "./spec.ts";

/** Arguments of `network.create` and `network.update`. */
export interface PutArgs {
  readonly spec: NetworkSpec;
  /** An active network is stopped and started. */
  readonly restart: boolean;
}

/** Arguments of `network.rename`. */
export interface RenameArgs {
  readonly spec: NetworkSpec;
  /** The network as libvirt has it. */
  readonly from: RemoveArgs;
  /** UUIDs of the domains that the network had when the plan was made. */
  readonly users: readonly string[];
}

/** Arguments of `network.remove`. */
export interface RemoveArgs {
  readonly uuid: string;
  readonly name: string;
}

/** The difference between a network as wanted and as found. Pure. */
export function diffNetwork(
  address: NetworkAddress,
  want: NetworkSpec | undefined,
  have: NetworkState | undefined,
  observed: Observed,
): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : removal(address, have, observed);
  if (have === undefined) return creation(address, want);
  if (have.name !== want.name) return renaming(address, want, have);
  const { applied, running } = have;
  const stored = differing(want.fields, have.fields);
  const inactive = running === null;
  const live = inactive ? [] : runningDifferences(running, want.fields);
  const loose = looseUsers(have);
  if (applied !== null && stored.length === 0 && live.length === 0 && loose.length === 0) return undefined;
  const restart = running !== null && live.some((path) => needsRestart(path, running));
  const interrupted = restart ? connected(have) : [];
  const fields = [
    ...stored.map((path) => fieldChange(path, want.fields[path], applied?.[path], have.fields[path], applied !== null)),
    ...live
      .filter((path) => !stored.includes(path))
      .map((path) => fieldChange(path, want.fields[path], want.fields[path], running?.[path], true)),
    ...(loose.length === 0 ? [] : [portsField(loose)]),
  ];
  const cause = applied === null ? "config" : combineCauses(fields.map((field) => field.cause ?? "config"));
  const action: Action = {
    id: `${address}#update`,
    type: "network.update",
    address,
    summary: applied === null ? "finish creating the network" : summaryOf({ inactive, restart, stored, live, interrupted, loose }),
    args: { spec: want, restart } satisfies PutArgs as unknown as Json,
    needs: [],
    makes: [networkExists(address)],
    locks: [address],
    effect: live.length + loose.length > 0 && connected(have).length > 0 ? "live" : "none",
  };
  return {
    address,
    verb: "update",
    cause,
    reason: reasonOf({ have, cause, loose, fields }),
    fields,
    actions: [action],
    before: nestedFields(have.fields),
    after: nestedFields(want.fields),
  };
}

/** A network under another name: libvirt has no way to change it, so it is removed and defined again. */
function renaming(address: NetworkAddress, want: NetworkSpec, have: NetworkState): Change {
  const users = connected(have);
  const effect = users.length > 0 ? "live" : "none";
  const changed = differing(want.fields, have.fields);
  return {
    address,
    verb: "update",
    cause: "config",
    reason: `it is renamed from ${have.name}`,
    fields: [
      { path: "name", old: have.name, new: want.name, cause: "config" },
      ...changed.map((path) => fieldChange(path, want.fields[path], have.applied?.[path], have.fields[path], have.applied !== null)),
    ],
    actions: [
      {
        id: `${address}#rename`,
        type: "network.rename",
        address,
        summary: `remove ${have.name}, then define and start ${want.name}`,
        args: {
          spec: want,
          from: { uuid: have.uuid, name: have.name },
          users: [...new Set(have.users.map(({ uuid }) => uuid))].sort(),
        } satisfies RenameArgs as unknown as Json,
        needs: [],
        makes: [networkExists(address)],
        locks: [address],
        effect,
      },
    ],
    before: nestedFields(have.fields),
    after: nestedFields(want.fields),
  };
}

/** Domains that run and are connected to a network, each once, by their names. */
export function connected({ users }: Pick<NetworkState, "users">): string[] {
  return [...new Set(users.filter(({ running }) => running).map(nameOf))];
}

/** Interfaces of running guests that are no longer ports of the bridge. */
function looseUsers({ users }: NetworkState): NetworkUser[] {
  return users.filter(({ running, plugged }) => running && plugged === false);
}

function portsField(loose: readonly NetworkUser[]): FieldChange {
  const names = loose.map(({ domain, tap }) => `${domain} ${tap ?? ""}`.trim());
  return { path: "ports", old: `without ${names.join(", ")}`, new: "all", effect: "live", cause: "drift" };
}

const nameOf = ({ domain }: NetworkUser): string => domain;

function differing(want: NetworkFields, have: NetworkFields): string[] {
  return [...new Set([...Object.keys(want), ...Object.keys(have)])].filter((path) => !isDeepStrictEqual(want[path], have[path]));
}

function fieldChange(
  path: string,
  want: NetworkValue | undefined,
  last: NetworkValue | undefined,
  have: NetworkValue | undefined,
  recorded: boolean,
): FieldChange {
  return withoutUndefined({
    path,
    old: shown(have),
    new: shown(want),
    // A field that was never applied and is there was added by hand.
    cause: recorded ? causeOf((want ?? null) as Json, (last ?? null) as Json, (have ?? null) as Json) : "config",
  });
}

/** A list on one line, for people. */
function shown<Value extends NetworkValue | undefined>(value: Value) {
  return typeof value === "object" ? value.join(", ") : value;
}

interface Summarised {
  readonly inactive: boolean;
  readonly restart: boolean;
  readonly stored: readonly string[];
  readonly live: readonly string[];
  readonly interrupted: readonly string[];
  readonly loose: readonly NetworkUser[];
}

function summaryOf({ inactive, restart, stored, live, interrupted, loose }: Summarised): string {
  const onlyAutostart = stored.length === 1 && stored[0] === "autostart" && live.length === 0;
  if (restart)
    return interrupted.length === 0
      ? "redefine and restart the network"
      : `redefine and restart the network, then reconnect ${interrupted.join(", ")}`;
  if (inactive) return stored.every((path) => path === "active") ? "start the network" : "redefine and start the network";
  if (stored.length === 0 && loose.length > 0) return "connect them to the bridge";
  if (onlyAutostart) return "set autostart";
  return live.length === 0 ? "redefine the network" : "change the network while it is active";
}

function reasonOf({
  have,
  cause,
  loose,
  fields,
}: {
  readonly have: NetworkState;
  readonly cause: Change["cause"];
  readonly loose: readonly NetworkUser[];
  readonly fields: readonly FieldChange[];
}): string {
  if (have.applied === null) return "its creation was interrupted";
  if (have.running === null && cause === "drift" && fields.length === 1) return "it is not active";
  if (loose.length > 0 && fields.length === 1) return "interfaces of running guests are not connected to its bridge";
  return cause === "drift" ? "it was changed on the host" : "the configuration changed";
}

function creation(address: NetworkAddress, want: NetworkSpec): Change {
  return {
    address,
    verb: "create",
    cause: "config",
    reason: "does not exist yet",
    fields: Object.entries(want.fields).map(([path, value]) => ({ path, new: shown(value) })),
    actions: [
      {
        id: `${address}#create`,
        type: "network.create",
        address,
        summary: "define and start the network",
        args: { spec: want, restart: false } satisfies PutArgs as unknown as Json,
        needs: [],
        makes: [networkExists(address)],
        locks: [address],
        effect: "none",
      },
    ],
    before: null,
    after: nestedFields(want.fields),
  };
}

/** After every change of the guests that are connected to it. */
function removal(address: NetworkAddress, have: NetworkState, observed: Observed): Change {
  const uuids = new Set(have.users.map(({ uuid }) => uuid));
  const own = observed.of(guests).flatMap(([guest, { uuid }]) => (uuids.has(uuid) ? [guest] : []));
  const needs: Fact[] = own.flatMap((guest) => [gone, stopped, defined, released, adjusted].map((fact) => fact(guest)));
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: notConfigured,
    fields: Object.entries(have.fields).map(([path, value]) => ({ path, old: shown(value) })),
    actions: [
      {
        id: `${address}#remove`,
        type: "network.remove",
        address,
        summary: "stop the network and remove its definition",
        args: { uuid: have.uuid, name: have.name } satisfies RemoveArgs,
        needs,
        makes: [networkGone(address)],
        locks: [address],
        effect: "none",
      },
    ],
    before: nestedFields(have.fields),
    after: null,
  };
}
