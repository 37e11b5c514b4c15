import { driverOf, plainFileDriver, putOf } from "../../../drivers/index.ts";
import type { Action } from "../../../model/action.ts";
import { addressName } from "../../../model/address.ts";
import type { Cause, Change, FieldChange, Verb } from "../../../model/change.ts";
import { combineCauses } from "../../../model/change.ts";
import type { Effect } from "../../../model/effect.ts";
import type { Json } from "../../../model/json.ts";
import { awaitRestored } from "../../guest/memory.ts";
import { exchangeDrive } from "../../power/plan.ts";
import { accessFields } from "../../terms/access-fields.ts";
import { driveDevice } from "../../terms/drive-format.ts";
import { defined, gone, guests } from "../../terms/guest-address.ts";
import { type SeedAddress, seedExists, seedGone } from "../../terms/seed-address.ts";
import type { SecretKey } from "../../terms/seed-state.ts";
import type { SeedSpec } from "../../terms/spec.ts";
import { seedFields } from "./fields.ts";
import { publicSeed, seedDigest } from "./public.ts";
import type { SeedState } from "./state.ts";

/** What the state of the drive does not include. */
export interface SeedSituation {
  /** The guest runs with the drive, or its saved memory belongs to it. */
  readonly running: boolean;
  /** The guest is off with saved memory. */
  readonly saved?: boolean;
  /** True: the guest runs with the drive as a CD. Otherwise why it cannot be exchanged, in words. */
  readonly exchangeable?: true | string;
  /** The owner that its file is given, if it belongs to another user; null: it keeps its owner. */
  readonly owner?: string | null;
}

/**
 * The change of one config drive. A drive is never changed in place: a new one is built beside it and takes its name, so a running guest
 * keeps the old one until it is exchanged in its CD drive, or until its next cold start.
 */
export function diffSeed(
  address: SeedAddress,
  want: SeedSpec | undefined,
  have: SeedState | undefined,
  situation: SeedSituation,
): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : deletion(address, have, situation);
  const there = have?.applied != null && !have.missing ? have : undefined;
  const drifted = have?.applied != null && !have.intact;
  const rotated = have === undefined ? [] : rotatedSecrets(want, have);
  const moved = have?.applied != null && have.backend === want.disk.backend && have.place !== want.disk.place;
  const configured = have?.applied == null || moved || have.digest !== seedDigest(want) || rotated.length > 0;
  if (!configured && !drifted) return have?.access === undefined ? undefined : restriction(address, want, have, situation.owner ?? null);

  const after = { ...publicSeed(want), intact: true };
  const before = there === undefined ? null : { ...there.applied, intact: there.intact };
  const fields: FieldChange[] = [
    ...seedFields(there?.applied ?? null, publicSeed(want)).map((field) => withText(field, want, there)),
    ...(there !== undefined && moved
      ? [{ path: placeWord(want), old: have?.place ?? null, new: want.disk.place, cause: "config" as const }]
      : []),
    ...(there === undefined ? [] : rotated.map(secretField)),
    ...(there !== undefined && !there.intact ? [{ path: "intact", old: false, new: true, cause: "drift" as const }] : []),
  ];
  const causes: Cause[] = [...(configured ? ["config" as const] : []), ...(drifted ? ["drift" as const] : [])];
  const verb = there === undefined ? "create" : driveDevice(there.format) === driveDevice(want.format) ? "update" : "replace";
  const waitsFor = whyNotLive(want, verb, moved, situation);
  const live = situation.running && waitsFor === null;
  const waits = situation.running && situation.saved !== true && !live && there !== undefined;
  const effect: Effect = live ? "live" : situation.running ? "next_boot" : "none";
  const when = live ? "" : situation.running ? ", seen at the next cold start" : "";
  const action: Action = {
    id: `${address}#${verb}`,
    type: "seed.build",
    address,
    summary: `${verb === "create" ? "build" : "rebuild"} ${want.format} config drive${putOf(want.disk.backend).words.where}${when}`,
    args: { spec: want as unknown as Json, ...(live ? { exchange: true } : waits ? { waits } : {}) },
    // A missing drive is built before its guest is restored.
    needs: awaitRestored(want.instance, situation.saved && there !== undefined),
    makes: [seedExists(address)],
    locks: [`instance/${want.uuid}`],
    effect,
  };
  const why = effect === "next_boot" && waitsFor !== null ? { why: waitsFor } : {};
  const seen = distinct(fields).map((field) => ({ ...field, effect, ...why }));
  return {
    address,
    verb,
    cause: combineCauses(causes),
    reason: reason(want, have, verb, rotated, situation, live),
    fields: seen,
    actions: [action, ...(live ? [exchangeDrive(want, address, [seedExists(address)])] : [])],
    before,
    after,
  };
}

/** Why a guest that is awake does not get a drive at once; null where it does. */
function whyNotLive(
  want: SeedSpec,
  verb: Verb,
  moved: boolean,
  { saved = false, exchangeable = "it has none in a CD drive" }: SeedSituation,
): string | null {
  if (saved) return "its memory is saved";
  if (verb === "create") return "it runs without the drive";
  if (verb === "replace" || moved) return "the drive is another device then";
  if (driveDevice(want.format) === "disk") return "a vfat drive is a disk, which is not exchanged";
  if (want.disk.backend !== plainFileDriver) return "only a file in a CD drive is exchanged";
  return exchangeable === true ? null : exchangeable;
}

/** User data as text where both sides are known and none is secret: what differs says more than two digests. */
function withText(field: FieldChange, { userData }: SeedSpec, have: SeedState | undefined): FieldChange {
  if (field.path !== "user_data" || field.sensitive === true || have === undefined) return field;
  const text = userData !== null && "text" in userData ? userData.text : undefined;
  if ((field.old !== undefined && have.userData === undefined) || (field.new !== undefined && text === undefined)) return field;
  return {
    ...field,
    ...(have.userData === undefined ? {} : { old: have.userData }),
    ...(field.new === undefined || text === undefined ? {} : { new: text }),
  };
}

/** A drive whose file has other permissions or another owner than it should have; its content stays. */
function restriction(address: SeedAddress, want: SeedSpec, have: SeedState, owner: string | null): Change | undefined {
  const fields = accessFields(have.access, owner);
  if (fields.length === 0) return undefined;
  const action: Action = {
    id: `${address}#restrict`,
    type: "seed.restrict",
    address,
    summary: "restrict access",
    args: { uuid: have.uuid, instance: have.instance, backend: have.backend, place: have.place, owner },
    needs: [],
    makes: [],
    locks: [`instance/${want.uuid}`],
    effect: "none",
  };
  const shown = { ...publicSeed(want), intact: true };
  return {
    address,
    verb: "update",
    cause: "drift",
    reason: `the ${have.access?.mode === undefined ? "owner" : "permissions"} of its file ${have.access?.mode === undefined ? "was" : "were"} changed`,
    fields,
    actions: [action],
    before: shown,
    after: shown,
  };
}

function placeWord(want: SeedSpec): string {
  return driverOf(want.disk.backend).place?.key ?? "place";
}

function deletion(address: SeedAddress, have: SeedState, { running }: SeedSituation): Change {
  const guest = guests.at(addressName(address));
  const action: Action = {
    id: `${address}#delete`,
    type: "seed.remove",
    address,
    summary: "remove config drive",
    args: { uuid: have.uuid, instance: have.instance },
    // One of the two happens: the domain is removed, or it is redefined without the drive.
    needs: [gone(guest), defined(guest)],
    makes: [seedGone(address)],
    locks: [`instance/${have.uuid}`],
    effect: running ? "next_boot" : "none",
  };
  const before = have.applied === null ? { format: have.format, intact: false } : { ...have.applied, intact: have.intact };
  const why = running ? "no longer configured; the running guest keeps the drive until its next cold start" : "no longer configured";
  return { address, verb: "delete", cause: "config", reason: why, fields: [], actions: [action], before, after: null };
}

/** References that stay while their values have changed. */
function rotatedSecrets(want: SeedSpec, { applied, changedSecrets = [] }: SeedState): readonly SecretKey[] {
  if (changedSecrets.length === 0) return [];
  const wanted = publicSeed(want);
  return changedSecrets.filter((key) => JSON.stringify(wanted[key]) === JSON.stringify(applied?.[key]));
}

function secretField(path: SecretKey): FieldChange {
  return { path, old: "(sensitive)", new: "(sensitive, changed)", cause: "config", sensitive: true };
}

/** Each path once; the first change of a path counts. */
function distinct(fields: readonly FieldChange[]): FieldChange[] {
  return fields.filter(({ path }, index) => fields.findIndex((other) => other.path === path) === index);
}

function reason(
  want: SeedSpec,
  have: SeedState | undefined,
  verb: Verb,
  rotated: readonly SecretKey[],
  { running }: SeedSituation,
  live: boolean,
): string {
  if (have === undefined) return "the config drive does not exist yet";
  if (have.applied === null) return "building the config drive was interrupted";
  const { thing } = putOf(have.backend).words;
  const why = [
    ...(have.missing ? [`the ${thing} was deleted by hand`] : have.intact ? [] : [`the ${thing} was changed by hand`]),
    ...(have.backend === want.disk.backend ? [] : [putOf(want.disk.backend).words.arrival]),
    ...(have.backend === want.disk.backend && have.place !== want.disk.place
      ? [`it goes into another ${placeWord(want).replace("_", " ")}`]
      : []),
    ...(verb === "replace" ? [`the format changes from ${have.format} to ${want.format}`] : []),
    ...(verb !== "replace" && have.backend === want.disk.backend && have.digest !== seedDigest(want) ? ["its content changes"] : []),
    ...(rotated.length > 0 ? [rotated.length > 1 ? "secrets that it holds changed" : "a secret that it holds changed"] : []),
  ];
  return `${why.join(" and ")}; ${live ? seenAtOnce : running ? seenWhenRunning : seenWhenStopped}`;
}

const onceOnly = "cloud-init repeats its per-instance steps only for a new instance id, that is after a rebuild";
const seenWhenRunning = `the running guest keeps the old drive until its next cold start (stop and start, not a reboot in the guest), and ${onceOnly}`;
const seenAtOnce = `the running guest finds it in its CD drive, and ${onceOnly}`;
const seenWhenStopped = `the guest sees it at its next start, and ${onceOnly}`;
