import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Cost } from "../../model/cost.ts";
import type { Effect } from "../../model/effect.ts";
import { exists, type Fact } from "../../model/fact.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { filterExists, filters, groupExists, groups } from "../terms/filter-address.ts";
import {
  adjusted,
  defined,
  type GuestAddress,
  gone,
  grown,
  guests,
  named,
  released,
  restored,
  startedPaused,
  stopped,
  up,
} from "../terms/guest-address.ts";
import { type GuestWait, limitOf, waitedFor } from "../terms/guest-wait.ts";
import { type Plugging, pluggingWords } from "../terms/plugging.ts";
import { secretExists, secretNameOf, secrets } from "../terms/secret-address.ts";
import { seeds } from "../terms/seed-address.ts";
import type { Shutdown } from "../terms/shutdown.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { volumes } from "../terms/volume-address.ts";

/** Which domain an action is about. */
export interface DomainRef {
  readonly uuid: string;
  readonly instance: string;
  /** Other programs made it: it has no directory of ours. */
  readonly adopted?: boolean;
}

/** Arguments of `domain.define`. */
export interface DefineArgs {
  readonly spec: DomainSpec;
  /** Digest of the definition that it replaces (`definition-digest.ts`); null: none is planned to exist. */
  readonly held: string | null;
}

/** A domain that may be shut down. */
export interface StoppableRef extends DomainRef {
  readonly shutdown: Shutdown;
}

/** Arguments of `domain.stop`. */
export type StopArgs = StoppableRef;

/** Defines the domain, or edits the definition with the digest `held`. */
export function defineDomain(spec: DomainSpec, effect: Effect, held: string | null): Action {
  const args: DefineArgs = { spec, held };
  return {
    ...common(spec, "define", held === null ? "define" : "redefine"),
    args: args as unknown as Json,
    // What the guest takes while it runs comes first: after a kill in between, the next plan finds what is left to store.
    needs: [...attachedFacts(spec), ...(held === null ? [] : [released(guests.at(spec.instance)), adjusted(guests.at(spec.instance))])],
    makes: [defined(guests.at(spec.instance))],
    effect,
  };
}

/** Arguments of `domain.release` and `domain.adjust`. `steps`: what is done to the running guest, as its room plans it. */
export interface LiveArgs<Step> {
  readonly spec: DomainSpec;
  readonly steps: readonly Step[];
  readonly holders: readonly VolumeHolder[];
}

/** Another guest that has volumes which a guest is to get. */
export interface VolumeHolder extends DomainRef {
  /** The sources of these volumes. */
  readonly sources: readonly string[];
}

/** Arguments of `domain.start` and `domain.restore`. */
export interface StartArgs extends DomainRef {
  /** Guests that must have released these volumes before. */
  readonly holders?: readonly VolumeHolder[];
  /** `domain.wait` follows. */
  readonly awaited?: boolean;
  /** It is started paused, and `domain.plug` follows. Every other start ends what an earlier apply recorded of such a one. */
  readonly paused?: true;
}

/** Arguments of `domain.plug`. */
export interface PlugArgs extends DomainRef {
  readonly plugging: Plugging;
}

/** Arguments of `domain.wait`. */
export interface WaitArgs extends DomainRef {
  readonly wait: GuestWait;
  /** MAC addresses of its interfaces on which it can be reached. */
  readonly cards: readonly string[];
}

/** Labels a guest that other programs made. Nothing else about it changes. */
export function adoptDomain(spec: DomainSpec): Action {
  return {
    ...common(spec, "adopt", "label"),
    args: { spec } as unknown as Json,
    needs: [],
    makes: [defined(guests.at(spec.instance))],
    effect: "none",
  };
}

/** Takes devices away from a running guest. */
export function releaseDevices<Step>(spec: DomainSpec, steps: readonly Step[], what: string): Action {
  const address = guests.at(spec.instance);
  return {
    ...common(spec, "release", `detach ${what}`),
    args: { spec, steps, holders: [] } as unknown as Json,
    needs: [],
    makes: [released(address)],
    effect: "live",
  };
}

/** Gives a running guest the config drive that was built while it runs. `address`: of the drive. */
export function exchangeDrive(ref: DomainRef, address: Address, needs: readonly Fact[]): Action {
  return {
    ...common(ref, "exchange", "exchange the CD of the running guest"),
    id: `${address}#exchange`,
    address,
    needs,
    makes: [],
    effect: "live",
    withoutRestart: true,
  };
}

/** Changes a running guest. `holders`: guests that must have released its volumes before. */
export function adjustDomain<Step>(spec: DomainSpec, steps: readonly Step[], what: string, holders: readonly VolumeHolder[]): Action {
  const address = guests.at(spec.instance);
  return {
    ...common(spec, "adjust", `change ${what} while it runs`),
    args: { spec, steps, holders } as unknown as Json,
    needs: [released(address), ...attachedFacts(spec), ...leftBy(holders)],
    makes: [adjusted(address)],
    effect: "live",
  };
}

/** Facts that guests are off or have released what they are to release. */
export function leftBy(holders: readonly VolumeHolder[]): Fact[] {
  return holders.flatMap(({ instance }) => [stopped(guests.at(instance)), released(guests.at(instance))]);
}

/** Starts the guest and waits until it runs. */
export function startDomain(spec: DomainSpec): Action {
  const address = guests.at(spec.instance);
  const { args, ...start } = common(spec, "start", "start");
  return {
    ...start,
    args: { ...args, ...(spec.waitFor === undefined ? {} : { awaited: true }) },
    needs: [defined(address), stopped(address), exists(secrets.at(spec.instance)), ...attachedFacts(spec)],
    makes: [up(address)],
    effect: "none",
    cost: usualStart,
  };
}

/**
 * Waits until a guest that was started is ready. Nothing of other guests waits for it, and it comes after everything else that is done to this one,
 * because it keeps the lock of the instance.
 */
export function waitForGuest(spec: DomainSpec, wait: GuestWait): Action {
  const address = guests.at(spec.instance);
  const { args, ...action } = common(spec, "wait", `wait for ${waitedFor(wait)}, at most ${limitOf(wait)}`);
  const cards = spec.interfaces.flatMap(({ type, mac }) => (type === "user" ? [] : [mac]));
  return {
    ...action,
    args: { ...args, wait: wait as unknown as Json, cards },
    needs: [up(address), defined(address), released(address), adjusted(address), grown(address)],
    makes: [],
    effect: "none",
    idle: true,
    cost: { seconds: usualWaits[wait.what] },
  };
}

/** The same start, paused: what needs the guest waits until it is resumed. */
export function startPaused(start: Action, address: GuestAddress): Action {
  const args: StartArgs = { ...(start.args as unknown as StartArgs), paused: true };
  return { ...start, summary: "start paused", args: args as unknown as Json, makes: [startedPaused(address)] };
}

/** Waits until the interfaces of a guest that was started paused are ready, and resumes it. Like `waitForGuest`, it takes no place. */
export function plugGuest(spec: DomainSpec, plugging: Plugging): Action {
  const address = guests.at(spec.instance);
  const { args, ...action } = common(spec, "plug", pluggingWords(plugging));
  return {
    ...action,
    args: { ...args, plugging: plugging as unknown as Json },
    needs: [startedPaused(address), defined(address), released(address), adjusted(address)],
    makes: [up(address)],
    effect: "none",
    idle: true,
    cost: { seconds: usualPluggingSeconds },
  };
}

/** Gives a guest that a plan shut down the name of its instance. */
export function renameDomain(ref: DomainRef): Action {
  const address = guests.at(ref.instance);
  return { ...common(ref, "rename", "rename"), needs: [stopped(address)], makes: [named(address)], effect: "none" };
}

/** Starts a guest that a plan shut down, with the definition that is stored. */
export function startAgain(ref: DomainRef, holders: readonly VolumeHolder[] = []): Action {
  const address = guests.at(ref.instance);
  const { args, ...start } = common(ref, "start", "start");
  const held = holders.length === 0 ? {} : { holders: holders as unknown as Json };
  return {
    ...start,
    args: { ...args, ...held },
    needs: [stopped(address), named(address)],
    makes: [up(address)],
    effect: "none",
    cost: usualStart,
  };
}

/**
 * Restores the saved memory of a guest. It belongs to the guest's disks and definition as they were when it was saved, so their changes
 * wait for the restore. `missing`: facts that objects exist again which the guest needs and which are missing.
 */
export function restoreDomain(spec: DomainSpec, missing: readonly Fact[]): Action {
  const { instance } = spec;
  return {
    ...common(spec, "restore", "start from its saved memory"),
    needs: [exists(secrets.at(instance)), ...volumeSecrets(spec), ...filterFacts(spec), ...missing],
    makes: [up(guests.at(instance)), restored(guests.at(instance))],
    effect: "none",
    cost: usualStart,
  };
}

/** Discards the saved memory of a guest. `needs`: facts to wait for. */
export function discardMemory(spec: DomainRef, needs: readonly Fact[] = []): Action {
  const { instance } = spec;
  return {
    ...common(spec, "discard", "discard its saved memory"),
    needs,
    makes: [stopped(guests.at(instance))],
    effect: "none",
    destroys: `the saved memory of ${instance}, including unwritten disk data (start ${instance} first to shut it down cleanly)`,
  };
}

/** Whether a guest has memory, running or saved, that belongs to its disks as they are. */
export interface GuestActivity {
  readonly running: boolean;
  /** It is off and its memory is saved. */
  readonly saved?: boolean;
}

/** Actions that switch a guest off; none when it is off. */
export function switchOff(spec: StoppableRef, { running, saved = false }: GuestActivity, needs: readonly Fact[] = []): Action[] {
  if (running) return [stopDomain(spec, needs)];
  return saved ? [discardMemory(spec, needs)] : [];
}

/** Actions that start it again, unless it was off or is to be off. */
export function switchOnAgain(spec: DomainSpec, { running, saved = false }: GuestActivity): Action[] {
  const on = (running && spec.powerState !== "stopped") || (saved && spec.powerState === "running");
  if (!on) return [];
  const start = startDomain(spec);
  const started = spec.plugging === undefined ? [start] : [startPaused(start, guests.at(spec.instance)), plugGuest(spec, spec.plugging)];
  return [...started, ...(spec.waitFor === undefined ? [] : [waitForGuest(spec, spec.waitFor)])];
}

/** Resumes a paused guest. */
export function resumeDomain(spec: DomainSpec): Action {
  return {
    ...common(spec, "resume", "resume"),
    needs: [defined(guests.at(spec.instance))],
    makes: [up(guests.at(spec.instance))],
    effect: "live",
  };
}

/** Shuts the guest down; powers it off when it does not react in time and that is allowed. `needs`: facts to wait for. */
export function stopDomain(spec: StoppableRef, needs: readonly Fact[] = []): Action {
  const { uuid, instance, shutdown } = spec;
  const args: StopArgs = { uuid, instance, shutdown };
  return {
    ...common(spec, "stop", shutdownWords(shutdown)),
    args: args as unknown as Json,
    needs: [...needs, grown(guests.at(instance))],
    makes: [stopped(guests.at(instance))],
    effect: "restart",
    cost: { seconds: Math.min(shutdown.seconds, usualShutdownSeconds) + 1 },
  };
}

/** Until a guest runs: an apply does not wait until it has booted. */
const usualStart: Cost = { seconds: 2 };
/** What connects an interface does so at once as a rule. */
const usualPluggingSeconds = 2;
/** From the start of a Linux guest with KVM. */
const usualWaits: Readonly<Record<GuestWait["what"], number>> = { address: 10, agent: 15, ssh: 20, cloud_init: 30 };
/** A guest that reacts is off after this time as a rule. */
const usualShutdownSeconds = 20;

function shutdownWords({ seconds, force }: Shutdown): string {
  if (seconds === 0 && force) return "power off";
  return `shut down within ${seconds} s${force ? ", else power off" : ""}`;
}

/** Undefines the domain. What is lost is stated by the actions on its disks. */
export function undefineDomain(domain: DomainRef, { running, saved = false }: GuestActivity): Action {
  const address = guests.at(domain.instance);
  return withoutUndefined({
    ...common(domain, "undefine", running ? "power off and undefine" : saved ? "undefine, with its saved memory" : "undefine"),
    needs: [grown(address)],
    makes: [gone(address), stopped(address)],
    effect: running ? ("restart" as const) : ("none" as const),
    destroys: saved ? `the saved memory of ${domain.instance}` : undefined,
  });
}

function common({ uuid, instance, adopted = false }: DomainRef, verb: string, summary: string) {
  const address = guests.at(instance);
  const args = { uuid, instance, ...(adopted ? { adopted } : {}) };
  return { id: `${address}#${verb}`, type: `domain.${verb}`, address, summary, args, locks: [`instance/${uuid}`] };
}

/** The facts that everything the domain uses exists. */
export function attachedFacts(spec: DomainSpec): Fact[] {
  return [...attachedTo(spec).map(exists), ...volumeSecrets(spec), ...filterFacts(spec)];
}

/** Its interfaces are filtered as they are to be before it has or uses them (Nova FW-05). */
function filterFacts({ interfaces }: DomainSpec): Fact[] {
  return interfaces.flatMap(({ filter }) =>
    filter === null || filter === "none"
      ? []
      : [filterExists(filters.at(filter.name)), ...filter.groups.map((name) => groupExists(groups.at(name)))],
  );
}

/** The facts that libvirt has the passphrases of its encrypted volumes (Nova DOM-09). */
function volumeSecrets({ disks }: DomainSpec): Fact[] {
  return disks.flatMap(({ name, attachment }) => {
    const address = name as Address;
    return attachment.secretUuid === null || !volumes.owns(address) ? [] : [secretExists(secrets.at(secretNameOf({ address })))];
  });
}

/** What must exist before the domain can use it: disks, boot files, config drive. */
export function attachedTo({ instance, disks, kernel, rescue }: DomainSpec): Address[] {
  const bootFiles =
    rescue === null ? [instanceFiles.kernel, instanceFiles.ramdisk] : [instanceFiles.rescueKernel, instanceFiles.rescueRamdisk];
  const used = kernel === null ? 0 : kernel.ramdisk === null ? 1 : 2;
  return [
    ...disks.flatMap(({ name, given }) => (given === null ? [attachedAddress(instance, name)] : [])),
    ...bootFiles.slice(0, used).map((fileName) => diskAddress(instance, fileName)),
  ];
}

/** The address of a disk of a domain: `disk.config` is the seed, and a volume has its address as its name. */
function attachedAddress(instance: string, fileName: string): Address {
  const address = fileName as Address;
  if (volumes.owns(address)) return address;
  return fileName === instanceFiles.configDrive ? seeds.at(instance) : diskAddress(instance, fileName);
}
