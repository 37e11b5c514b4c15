import { type ActionType, defineAction } from "../../model/action.ts";
import { allDone } from "../../model/all-done.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { FileChange } from "../../model/host.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import { shellWord } from "../../model/shell-word.ts";
import { type DomainPower, type DomainStanding, type Libvirt, libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { parseXml, type XmlElement } from "../../tools/xml.ts";
import { domainEntry, forgetObject, readLabel, recordObject, rememberedDomain, unrecordObject } from "../directory/label.ts";
import { isUp } from "../power/is-up.ts";
import type { DefineArgs, DomainRef, StartArgs, StopArgs } from "../power/plan.ts";
import { defined, gone, named, restored, startedPaused, stopped, up } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { adopt } from "./adopt.ts";
import { hasConsoleLog } from "./container/has-console-log.ts";
import { definitionDigest } from "./definition-digest.ts";
import { expectUp } from "./expect-up.ts";
import type { LookedAt } from "./field.ts";
import { isDevices, rowsOf } from "./fields.ts";
import { restoreFiles } from "./files.ts";
import { fillings, foreignParts } from "./foreign.ts";
import { isSatisfied } from "./is-satisfied.ts";
import { liveDomainActions } from "./live/actions.ts";
import { isManaged, staysUnwanted } from "./managed.ts";
import { appliedText } from "./merge.ts";
import { mergedXml } from "./merged-xml.ts";
import { ownStanding, requireOwn } from "./own-domain.ts";
import { pausedMeanwhile } from "./paused-meanwhile.ts";
import { isPausedByApply, plugInterfaces } from "./plug/plug.ts";
import { readFields } from "./read-fields.ts";
import { waitUntilReady } from "./ready/wait.ts";
import { recordMarks } from "./record-marks.ts";
import { refuseHeld } from "./refuse-held.ts";
import { startDomain } from "./start-domain.ts";
import { domainFields, domainOwner } from "./state.ts";
import { listedFields, traitsOf } from "./traits.ts";
import { waitForPower } from "./wait.ts";
import { wantedFields, wantedValue } from "./wanted-fields.ts";
import { domainXml } from "./xml.ts";

/** Console logs of earlier starts that are kept. */
const keptLogs = 3;
/** Nova DEL-02: the request is repeated, because a guest that is still booting ignores it. */
const askAgainMs = 10_000;
/** Within this time a container that listens to initctl starts to shut down; others are sent a signal then. */
const initctlMs = 2_000;

const define = defineAction<DefineArgs>("domain.define", [defined], async (context, { spec, held }) => {
  const { layout } = context;
  const libvirt = libvirtOf(context);
  const looking = libvirt.definition(spec.uuid);
  // It is waited for below.
  looking.catch(() => undefined);
  const label = await readLabel(context, spec.uuid);
  const requested = domainXml(spec);
  const remembered = rememberedDomain(label);
  const filled = remembered?.filled ?? [];
  const path = layout.instanceFile(spec.uuid, instanceFiles.xml);
  const entry = (parts: readonly string[]): Json => ({
    prevent_destroy: spec.preventDestroy,
    ...(parts.length === 0 ? {} : { filled: parts }),
    ...(remembered?.unready === true ? { unready: true } : {}),
    ...(remembered?.plugging === true ? { plugging: true } : {}),
    ...(remembered?.unplugged === true ? { unplugged: true } : {}),
  });
  // Nothing of an adopted guest is in a directory of ours.
  if (spec.adopted) {
    const had = await looking;
    if (had === undefined) throw adoptedGone(spec);
    expectPlanned(context, had, held, spec);
    await libvirt.define(mergedXml(had, spec, filled));
    await confirmDefinition(libvirt, spec, path);
    return;
  }
  // One wait for all names of the directory: what the domain needs is on the disk before it is defined.
  let isRecorded = false;
  const record = () => {
    isRecorded = true;
    return recordObject(context, spec, domainEntry, entry(filled), {
      before: [
        // Nova BLD-15: the log exists with our ownership before qemu writes to it.
        ...(hasConsoleLog(context) ? [{ do: "makeFile", path: spec.consoleLog, mode: 0o600 } as const] : []),
        // Informational, and rewritten by the next definition: it need not survive a power cut.
        { do: "write", path, data: requested, mode: 0o600, staged: true },
      ],
      settle: [layout.instance(spec.uuid), layout.root],
    });
  };
  // Where no domain is expected, the look at it is only a precaution. On a host elsewhere both together take one round trip.
  const isExpected = held !== null || remembered !== undefined;
  let had: string | undefined;
  let xml = requested;
  try {
    if (!isExpected) await allDone([looking, record()]);
    had = await looking;
    const have = had === undefined ? undefined : expectPlanned(context, had, held, spec);
    if (had !== undefined) xml = mergedXml(had, spec, filled);
    if (isExpected) await record();
    if (have !== undefined && have.name !== spec.domainName) await libvirt.rename(spec.uuid, spec.domainName);
    await libvirt.define(xml);
  } catch (error) {
    // A disk counts as lost only after the domain was defined.
    if (isRecorded && remembered === undefined) await unrecordObject(context, spec, domainEntry).catch(() => undefined);
    throw error;
  }
  const made = await confirmDefinition(libvirt, spec, path, had === undefined);
  const added = filledBy(xml, made, filled);
  if (added.join("\n") !== filled.join("\n")) await recordObject(context, spec, domainEntry, entry(added));
});

/**
 * Looks at a domain that was just defined, and sets what libvirt keeps beside the XML. Gives its definition. Throws a RefusedError for what libvirt
 * did not keep. `fresh`: it did not exist before.
 */
async function confirmDefinition(libvirt: Libvirt, spec: DomainSpec, path: string, fresh = false): Promise<XmlElement> {
  // A domain that has just been made does not start with the host.
  const [made, autostart] = await Promise.all([libvirt.definition(spec.uuid), fresh ? false : libvirt.autostart(spec.uuid)]);
  if (made === undefined)
    throw new RefusedError(
      "domain-vanished",
      `libvirt accepted the definition of ${spec.instance}, but the domain does not exist`,
      "It was undefined concurrently. Apply again.",
    );
  const kept = parseXml(made);
  const lost = differences(spec, listedFields(wantedFields(spec, "xml")), listedFields(readFields(kept)));
  if (lost.length > 0) {
    throw new RefusedError(
      "definition-not-kept",
      `libvirt changed the definition of ${spec.instance}: ${lost.join("; ")}`,
      spec.adopted ? "This libvirt or qemu may be too old." : `This libvirt or qemu may be too old. ${path} has the requested definition.`,
    );
  }
  await setFields(libvirt, spec, { autostart, persistent: true });
  return kept;
}

function adoptedGone({ instance, uuid }: DomainSpec): RefusedError {
  return new RefusedError(
    "adopted-guest-missing",
    `The adopted guest ${instance} (${uuid}) was undefined after the plan was made, so it was not changed`,
    "Plan again.",
  );
}

/** The parts of a definition that libvirt filled in by itself, with those of earlier ones that it still holds. */
function filledBy(sent: string, kept: XmlElement, earlier: readonly string[]): string[] {
  const holds = foreignParts(kept);
  if (holds.length === 0) return [];
  const still = new Set(fillings([], holds));
  return [...new Set([...earlier.filter((part) => still.has(part)), ...fillings(foreignParts(parseXml(sent)), holds)])].sort();
}

/** Throws a RefusedError for a domain that is not this project's, and for one that is not as planned. */
function expectPlanned(context: Context, had: string, held: string | null, spec: DomainSpec): ReturnType<typeof domainOwner> {
  const have = requireOwn(context, spec, domainOwner(had));
  requirePlanned(had, held, spec);
  return have;
}

/** Throws a RefusedError when a definition is neither the one that the plan was made for nor what the plan makes of it. */
function requirePlanned(had: string, held: string | null, spec: DomainSpec): void {
  if (held !== null && definitionDigest(had) === held) return;
  const wanted = wantedFields(spec, "xml");
  const { applied } = domainOwner(had).label ?? { applied: null };
  if (applied === appliedText(spec) && differences(spec, listedFields(wanted), listedFields(domainFields(had))).length === 0) return;
  throw new RefusedError(
    "definition-changed",
    `The definition of ${spec.instance} was changed after the plan was made, so it was not edited`,
    "Apply again: the next plan shows what was changed.",
  );
}

/** Sets the fields that libvirt keeps beside the XML. */
async function setFields(libvirt: Libvirt, spec: DomainSpec, made: LookedAt): Promise<void> {
  for (const row of rowsOf(spec.virtType)) {
    if (isDevices(row) || row.set === undefined || !isManaged(row, spec)) continue;
    const value = wantedValue(row, spec);
    if ((row.look?.(made) ?? null) !== value) await row.set(libvirt, spec.uuid, value);
  }
}

/** Gives a guest that is off the name of its instance. */
const rename = defineAction<DomainRef>("domain.rename", [named], async (context, ref) => {
  const have = await ownStanding(context, ref);
  if (have !== undefined && have.name !== ref.instance) await libvirtOf(context).rename(ref.uuid, ref.instance);
});

const start = defineAction<StartArgs>("domain.start", [up, startedPaused], async (context, { holders = [], ...ref }) => {
  await refuseHeld(context, ref.instance, holders);
  const have = await ownStanding(context, ref);
  if (have?.power === "saved") throw savedMeanwhile(ref);
  await startAndWait(context, ref, have);
});

/** If the saved memory was discarded meanwhile, the guest boots. */
const restore = defineAction<StartArgs>("domain.restore", [up, restored], async (context, { holders = [], ...ref }) => {
  await refuseHeld(context, ref.instance, holders);
  await startAndWait(context, ref, await ownStanding(context, ref));
});

async function startAndWait(context: Context, { awaited, paused, ...ref }: StartArgs, have: DomainStanding | undefined): Promise<void> {
  const libvirt = libvirtOf(context);
  const { host, layout } = context;
  // A guest writes to its disks at once: their names must survive a power cut.
  const settled = [layout.instance(ref.uuid), layout.root];
  if (have !== undefined && isUp(have.power) && ref.adopted !== true) await host.files.settle(settled);
  else if (ref.adopted !== true) {
    const log = hasConsoleLog(context) ? freshLog(layout.instanceFile(ref.uuid, instanceFiles.console)) : [];
    await host.files.change(log, "later", settled);
  }
  if (have?.power === "paused" && paused === true && (await isPausedByApply(context, ref))) return;
  // An interrupted start leaves the guest paused. What was paused by others is not ours to resume here: no plan said so.
  if (have?.power === "paused" && have.reason !== "starting-up") throw pausedMeanwhile(ref);
  // Before it runs: after a kill, the next apply finds that it was not waited for. What runs already is not paused for its interfaces.
  if (ref.adopted !== true) {
    const plugging = paused === true && have?.power !== "running";
    await recordMarks(context, ref, { ...(awaited === true ? { unready: true } : {}), plugging, unplugged: false });
  }
  if (have?.power === "crashed") await libvirt.destroy(ref.uuid);
  if (have?.power === "paused" && paused !== true) await libvirt.resume(ref.uuid);
  await startDomain(libvirt, ref.uuid, { paused: paused === true, signal: context.signal });
  // A guest that was saved while paused is restored paused.
  if (have?.power === "saved" && (await libvirt.power(ref.uuid))?.power === "paused") await libvirt.resume(ref.uuid);
  await expectUp(context, ref, paused === true ? ["running", "paused"] : ["running"]);
}

/** qemu truncates the console log when it starts (Nova XML-14); the logs of earlier starts are kept beside it. */
function freshLog(path: string): FileChange[] {
  return [
    { do: "rotate", path, keep: keptLogs },
    { do: "makeFile", path, mode: 0o600 },
  ];
}

const resume = defineAction<DomainRef>("domain.resume", [up], async (context, ref) => {
  await ownStanding(context, ref);
  await libvirtOf(context).resume(ref.uuid);
  await expectUp(context, ref);
});

const stop = defineAction<StopArgs>("domain.stop", [stopped], async (context, ref) => {
  const libvirt = libvirtOf(context);
  const have = await ownStanding(context, ref);
  if (have === undefined || have.power === "stopped") return;
  if (have.power === "saved") throw savedMeanwhile(ref);
  const { seconds, force } = ref.shutdown;
  // Only a running guest can react to a shutdown request.
  const reacts = have.power === "running";
  let graceMs = reacts ? seconds * 1000 : 0;
  const isContainer = context.settings.virtType === "lxc";
  for (let asked = 0; graceMs > 0; asked += 1) {
    const withinMs = Math.min(graceMs, isContainer && asked === 0 ? initctlMs : askAgainMs);
    await libvirt.shutdown(ref.uuid, isContainer && asked > 0 ? "signal" : "request");
    const off = await waitForPower(libvirt, ref.uuid, ["stopped", "crashed"], { withinMs, signal: context.signal });
    if (off === "stopped") return;
    if (off === "crashed") break;
    graceMs -= withinMs;
  }
  if (!force) {
    const still = await libvirt.power(ref.uuid);
    if (still !== undefined && isUp(still.power)) throw notShutDown(ref, have.name, still.power);
  }
  await libvirt.destroy(ref.uuid);
});

const discard = defineAction<DomainRef>("domain.discard", [stopped], async (context, ref) => {
  const have = await ownStanding(context, ref);
  if (have !== undefined && isUp(have.power)) {
    throw new RefusedError(
      "guest-runs",
      `${ref.instance} was started after the plan to discard its saved memory was made`,
      "Apply again to shut it down.",
    );
  }
  if (have?.power === "saved") await libvirtOf(context).discardMemory(ref.uuid);
});

const undefine = defineAction<DomainRef>("domain.undefine", [gone, stopped], async (context, ref) => {
  const libvirt = libvirtOf(context);
  if ((await ownStanding(context, ref)) !== undefined) {
    // What libvirt refuses to undefine is not powered off either.
    await libvirt.undefine(ref.uuid);
    await libvirt.destroy(ref.uuid);
  }
  // A directory of that name is another program's, such as Nova's.
  if (ref.adopted === true) return;
  await forgetObject(context, ref, domainEntry);
  await context.host.files.remove(context.layout.instanceFile(ref.uuid, instanceFiles.xml));
});

/** All actions on domains. */
export const domainActions: readonly ActionType[] = [
  define,
  adopt,
  rename,
  restoreFiles,
  ...liveDomainActions,
  start,
  restore,
  resume,
  stop,
  discard,
  undefine,
  plugInterfaces,
  waitUntilReady,
];

/** A guest that must not be powered off is left as it is. `name`: of its domain. */
function notShutDown({ instance, shutdown: { seconds } }: StopArgs, name: string, power: DomainPower): RefusedError {
  return new RefusedError(
    "guest-not-shut-down",
    power === "running" ? `${instance} did not shut down within ${seconds} s` : `${instance} cannot shut down, because it is ${power}`,
    `It has shutdown.force: false, so it was not powered off. Shut it down in the guest${power === "running" ? "" : `, after \`virsh resume ${shellWord(name)}\``}, give it more time with shutdown.timeout, or allow force; then apply again.`,
  );
}

/** The plan neither discards the saved memory, which needs consent, nor restores it. */
function savedMeanwhile({ instance }: DomainRef): RefusedError {
  return new RefusedError(
    "guest-saved",
    `The memory of ${instance} was saved (virsh managedsave) after the plan was made`,
    "The guest was not changed. Apply again.",
  );
}

function differences(spec: DomainSpec, sent: ReturnType<typeof domainFields>, kept: ReturnType<typeof domainFields>): string[] {
  const show = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
  return [...new Set([...Object.keys(sent), ...Object.keys(kept)])]
    .filter(
      (path) =>
        !isSatisfied(traitsOf(path), kept[path], sent[path]) && !(sent[path] === undefined && staysUnwanted(path, spec, sent, undefined)),
    )
    .map((path) => `${path} is ${show(kept[path])} instead of ${show(sent[path])}`);
}
