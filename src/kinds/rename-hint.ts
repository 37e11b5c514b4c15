import { type Address, addressName } from "../model/address.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Check } from "../model/kind.ts";
import type { Observed } from "../model/observed.ts";
import { problem } from "../model/problem.ts";
import { instanceNames } from "./config/instance-names.ts";
import type { Config } from "./config.ts";
import type { InstanceSpec } from "./instance/desired.ts";
import { guests } from "./terms/guest-address.ts";
import { volumes } from "./terms/volume-address.ts";
import type { VolumeSpec } from "./volume/spec.ts";

/** An object that comes or goes: its name, and what is the same before and after a rename. */
interface Candidate {
  readonly name: string;
  readonly like: string;
}

/**
 * Notes for entries that look renamed: the plan deletes an object with data and creates one that is the same but for its name, which `renamed_from`
 * would keep. An entry with `count` counts as one.
 */
export const checkLikelyRenames: Check<Config> = (wanted, observed, config) => [
  ...hints(
    "instances",
    comingGuests(wanted, observed),
    observed
      .of(guests)
      .flatMap(([address, { fields, label }]): Candidate[] =>
        wanted.has(address) || label === undefined || label.adopted !== null
          ? []
          : [{ name: addressName(address), like: alike([fields["image"], fields["flavor"]]) }],
      ),
    Object.entries(config.instances ?? {}).map(([entry, { count }]) => [entry, instanceNames(entry, count)] as const),
    earlierNames(config.instances),
  ),
  ...hints(
    "volumes",
    comingVolumes(wanted, observed),
    observed
      .of(volumes)
      .flatMap(([address, { applied }]): Candidate[] =>
        wanted.has(address) ? [] : [{ name: addressName(address), like: alike([applied.backend, applied.size]) }],
      ),
    Object.keys(config.volumes ?? {}).map((entry) => [entry, [entry]] as const),
    earlierNames(config.volumes),
  ),
];

function earlierNames(entries: Readonly<Record<string, { readonly renamed_from?: string }>> = {}): string[] {
  return Object.values(entries).flatMap(({ renamed_from: from }) => from ?? []);
}

const alike = (values: readonly unknown[]) => JSON.stringify(values.map((value) => value ?? null));

function comingGuests(wanted: ReadonlyMap<Address, unknown>, observed: Observed): Candidate[] {
  return [...wanted].flatMap(([address, spec]): Candidate[] => {
    if (!guests.owns(address) || observed.get(address) !== undefined) return [];
    const of = spec as InstanceSpec;
    return of.kind === "domain" && !of.domain.adopted
      ? [{ name: addressName(address), like: alike([of.domain.image, of.domain.flavor.name]) }]
      : [];
  });
}

function comingVolumes(wanted: ReadonlyMap<Address, unknown>, observed: Observed): Candidate[] {
  return [...wanted].flatMap(([address, spec]): Candidate[] => {
    if (!volumes.owns(address) || observed.get(address) !== undefined) return [];
    const { backend, size } = (spec as VolumeSpec).disk;
    return [{ name: addressName(address), like: alike([backend, size]) }];
  });
}

/** `entries`: the names of the objects of each entry; `taken`: earlier names that entries have already. Where several could be meant, there is no hint. */
function hints(
  section: "instances" | "volumes",
  coming: readonly Candidate[],
  going: readonly Candidate[],
  entries: readonly (readonly [entry: string, names: readonly string[]])[],
  taken: readonly string[],
): Diagnostic[] {
  const [comes, goes] = [Map.groupBy(coming, ({ like }) => like), Map.groupBy(going, ({ like }) => like)];
  return [...comes].flatMap(([like, created]) => {
    const deleted = (goes.get(like) ?? []).map(({ name }) => name);
    const entry = entries.find(([, names]) => names.length === created.length && created.every(({ name }) => names.includes(name)));
    const from = entry === undefined || deleted.length !== created.length ? undefined : earlierEntry(entry, deleted);
    if (entry === undefined || from === undefined || taken.includes(from)) return [];
    const what = section === "instances" ? "guest keeps its disks" : "volume keeps its content";
    return [
      problem(
        "looks-renamed",
        {
          summary: `${from} is deleted, and ${entry[0]} is created like it`,
          detail: `If it is to be renamed, write renamed_from: ${from} into ${section}.${entry[0]}: then the ${what}.`,
          pointer: [section, entry[0]],
        },
        "note",
      ),
    ];
  });
}

/** The name that an entry had when its objects had these names; undefined if they are not those of one entry. */
function earlierEntry([entry, names]: readonly [string, readonly string[]], deleted: readonly string[]): string | undefined {
  if (names.length === 1 && names[0] === entry) return deleted[0];
  const [base] = deleted.map((name) => name.replace(/-\d+$/, ""));
  return base !== undefined && names.every((_, index) => deleted.includes(`${base}-${index}`)) ? base : undefined;
}
