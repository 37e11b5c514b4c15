import type { Action, Fact } from "../../model/action.ts";
import type { Effect } from "../../model/effect.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import { diskAddress } from "../terms/disk-name.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** Which domain an action is about. */
export interface DomainRef {
  readonly uuid: string;
  readonly instance: string;
}

/** What `domain.define` is given. */
export interface DefineArgs {
  readonly spec: DomainSpec;
}

/** What `domain.start` is given. */
export interface StartArgs extends DomainRef {
  /** It goes on with its saved memory. */
  readonly restores?: true;
}

/** What `domain.stop` is given: how long the guest may take to shut down by itself before the plug is pulled. */
export interface StopArgs extends DomainRef {
  readonly graceSeconds: number;
}

/** Nova DEL-02. */
const graceSeconds = 60;

/** Defines the domain, or defines it anew over the old definition. */
export function defineDomain(spec: DomainSpec, effect: Effect, exists: boolean): Action {
  return {
    ...common(spec, "define", exists ? "redefine" : "define"),
    args: { spec } as unknown as Json,
    needs: attachedFacts(spec),
    makes: [`domain/${spec.instance}:defined`],
    effect,
  };
}

/** Starts the guest and waits until it runs. */
export function startDomain(spec: DomainSpec): Action {
  return {
    ...common(spec, "start", "start"),
    needs: [`domain/${spec.instance}:defined`, `domain/${spec.instance}:stopped`, `secret/${spec.instance}`, ...attachedFacts(spec)],
    makes: [`domain/${spec.instance}`],
    effect: "none",
  };
}

/**
 * Lets a guest go on with its saved memory, which belongs to its disks as they are, and to the definition that it was saved with:
 * what changes them comes afterwards. `missing`: what has to be made before, because it is not there.
 */
export function restoreDomain(spec: DomainSpec, missing: readonly Fact[]): Action {
  const { uuid, instance } = spec;
  return {
    ...common(spec, "start", "start from its saved memory"),
    args: { uuid, instance, restores: true },
    needs: [`secret/${instance}`, ...missing],
    makes: [`domain/${instance}`, restoredFact(instance)],
    effect: "none",
  };
}

/** Throws the saved memory of a guest away. `needs`: what is to be there before. */
export function discardMemory(spec: DomainRef, needs: readonly Fact[] = []): Action {
  const { instance } = spec;
  return {
    ...common(spec, "discard", "discard its saved memory"),
    needs,
    makes: [`domain/${instance}:stopped`],
    effect: "none",
    destroys: `the saved memory of ${instance}, with what it had not yet written to its disks (started first, it would be shut down instead)`,
  };
}

/** Whether a guest has memory, running or saved, that belongs to its disks as they are. */
export interface GuestActivity {
  readonly running: boolean;
  /** It is off and its memory is saved. */
  readonly saved?: boolean;
}

/** What switches a guest off for something that only one that is off can bear; nothing where it is. */
export function switchOff(spec: DomainRef, { running, saved = false }: GuestActivity, needs: readonly Fact[] = []): Action[] {
  if (running) return [stopDomain(spec, needs)];
  return saved ? [discardMemory(spec, needs)] : [];
}

/** What starts it afterwards, where it was switched off and is not to stay so. */
export function switchOnAgain(spec: DomainSpec, { running, saved = false }: GuestActivity): Action[] {
  const on = (running && spec.powerState !== "stopped") || (saved && spec.powerState === "running");
  return on ? [startDomain(spec)] : [];
}

/** Lets a paused guest go on. */
export function resumeDomain(spec: DomainSpec): Action {
  return {
    ...common(spec, "resume", "resume"),
    needs: [`domain/${spec.instance}:defined`],
    makes: [`domain/${spec.instance}`],
    effect: "live",
  };
}

/** Shuts the guest down, by force when it does not follow within a minute. `needs`: what is to be there before. */
export function stopDomain(spec: DomainRef, needs: readonly Fact[] = []): Action {
  const { uuid, instance } = spec;
  return {
    ...common(spec, "stop", "shut down"),
    args: { uuid, instance, graceSeconds },
    needs: [...needs, grownFact(instance)],
    makes: [`domain/${instance}:stopped`],
    effect: "restart",
  };
}

/** Takes the domain away. Its disks, where they go too, carry what is lost. */
export function undefineDomain(domain: DomainRef, { running, saved = false }: GuestActivity): Action {
  return {
    ...common(domain, "undefine", running ? "power off and undefine" : saved ? "undefine, with its saved memory" : "undefine"),
    needs: [grownFact(domain.instance)],
    makes: [`domain/${domain.instance}:gone`, `domain/${domain.instance}:stopped`],
    effect: running ? "restart" : "none",
    ...(saved ? { destroys: `the saved memory of ${domain.instance}` } : {}),
  };
}

/** The fact that what grows through a running guest has grown: as long as that goes on, the guest is not switched off. */
export function grownFact(instance: string): Fact {
  return `domain/${instance}:grown`;
}

/** The fact that a guest goes on with its saved memory: until then, what it had then has to stay as it was. */
export function restoredFact(instance: string): Fact {
  return `domain/${instance}:restored`;
}

function common({ uuid, instance }: DomainRef, verb: string, summary: string) {
  const address = `domain/${instance}` as const;
  return { id: `${address}#${verb}`, type: `domain.${verb}`, address, summary, args: { uuid, instance }, locks: [`instance/${uuid}`] };
}

/** What must be there before the domain can use it: disks, boot files, config drive. */
export function attachedFacts({ instance, disks, kernel, rescue }: DomainSpec): Fact[] {
  const bootFiles =
    rescue === undefined ? [instanceFiles.kernel, instanceFiles.ramdisk] : [instanceFiles.rescueKernel, instanceFiles.rescueRamdisk];
  const used = kernel === null ? 0 : kernel.ramdisk === null ? 1 : 2;
  return [
    ...disks.map(({ name }) => diskFact(instance, name)),
    ...bootFiles.slice(0, used).map((fileName) => diskAddress(instance, fileName)),
  ];
}

/** The fact that a file of the instance directory is there: `disk.config` is the seed, a volume is its own. */
function diskFact(instance: string, fileName: string): Fact {
  if (fileName.startsWith("volume/")) return fileName;
  return fileName === instanceFiles.configDrive ? `seed/${instance}` : diskAddress(instance, fileName);
}
