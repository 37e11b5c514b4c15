import { setTimeout as sleep } from "node:timers/promises";
import { type ActionType, defineAction } from "../../../model/action.ts";
import type { Context } from "../../../model/context.ts";
import { problem } from "../../../model/problem.ts";
import { shellWord } from "../../../model/shell-word.ts";
import { type DomainRecord, type Libvirt, libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { LibvirtError } from "../../../tools/libvirt/libvirt-error.ts";
import { parseXml } from "../../../tools/xml.ts";
import type { DomainRef, LiveArgs } from "../../power/plan.ts";
import { adjusted, guests, released } from "../../terms/guest-address.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { ownDomain } from "../own-domain.ts";
import { readFields } from "../read-fields.ts";
import { refuseHeld } from "../refuse-held.ts";
import { traitsOf } from "../traits.ts";
import { wantedFields } from "../wanted-fields.ts";
import { activeDevice, changedDevice, wantedDevice } from "./device-xml.ts";
import { exchangeDrive } from "./drive.ts";
import { isTaken, type LiveStep, subjectOf } from "./plan.ts";
import { runningLabel } from "./running-label.ts";

/** How long a guest may take to follow: a balloon that fills, a driver that lets go of a device. */
const followMs = 5_000;
const lookEveryMs = 250;

type Args = LiveArgs<LiveStep>;

/** What a guest did not take, and libvirt's words where it refused. */
interface Untaken {
  /** `disks.vdb`. */
  readonly subject: string;
  readonly words: string | undefined;
}

const release = defineAction<Args>("domain.release", [released], async (context, { spec, steps }) => {
  report(context, spec.instance, await carryOut(context, spec, steps));
});

const adjust = defineAction<Args>("domain.adjust", [adjusted], async (context, { spec, steps, holders }) => {
  await refuseHeld(context, spec.instance, holders);
  report(context, spec.instance, await carryOut(context, spec, steps));
});

const exchange = defineAction<DomainRef>("domain.exchange", [], async (context, ref) => {
  const libvirt = libvirtOf(context);
  if ((await ownDomain(context, ref)) === undefined) return;
  try {
    await exchangeDrive(libvirt, ref.uuid);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    const now = await libvirt.domain(ref.uuid);
    if (now !== undefined) await recordRunning(libvirt, now, () => true);
    report(context, ref.instance, [{ subject: "its config drive", words: error.words }]);
  }
});

/** Actions on guests that run. What a guest does not take waits for its next start, as a warning says: it is stored by the definition. */
export const liveDomainActions: readonly ActionType[] = [release, adjust, exchange];

/** Does what the guest does not have yet, looks at it again, and gives what it did not take. Nothing where it does not run. */
async function carryOut(context: Context, spec: DomainSpec, steps: readonly LiveStep[]): Promise<Untaken[]> {
  const libvirt = libvirtOf(context);
  const record = await ownDomain(context, spec);
  if (record?.active === undefined || record.active === null) return [];
  const wanted = wantedFields(spec);
  const refused = new Map<LiveStep, string>();
  for (const step of steps) {
    if (isTaken(step, wanted, lookAt(record))) continue;
    try {
      await take(libvirt, record.active, spec, step);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      refused.set(step, error.words);
    }
  }
  const end = Date.now() + followMs;
  for (;;) {
    const now = await libvirt.domain(spec.uuid);
    if (now?.active === undefined || now.active === null) return [];
    const left = steps.filter((step) => !isTaken(step, wanted, lookAt(now)));
    if (left.every((step) => refused.has(step)) || Date.now() >= end) {
      const ours = wantedFields(spec);
      await recordRunning(libvirt, now, (path) => !spec.adopted || Object.hasOwn(ours, path));
      return left.map((step) => ({ subject: subjectOf(step), words: refused.get(step) }));
    }
    await sleep(lookEveryMs, undefined, { signal: context.signal });
  }
}

function lookAt(record: DomainRecord) {
  return { active: readFields(parseXml(record.active ?? record.xml), { record, running: true }) };
}

async function take(libvirt: Libvirt, active: string, spec: DomainSpec, step: LiveStep): Promise<void> {
  if (step.do === "set") {
    const { running } = traitsOf(step.path);
    if (typeof running === "object") await running.act(libvirt, { path: step.path, want: step.value, spec });
    return;
  }
  if (step.do === "attach") {
    const xml = wantedDevice(spec, step);
    if (xml !== undefined) await libvirt.attachDevice(spec.uuid, xml);
  } else if (step.do === "detach") {
    const xml = activeDevice(active, step);
    if (xml !== undefined) await libvirt.detachDevice(spec.uuid, xml);
  } else {
    const xml = changedDevice(active, spec, step);
    if (xml !== undefined) await libvirt.updateDevice(spec.uuid, xml);
  }
}

/** The running guest's own label says what it has now, so that a later look recognises manual changes. If libvirt refuses it, only these are not recognised. */
async function recordRunning(libvirt: Libvirt, record: DomainRecord, isOurs: (path: string) => boolean): Promise<void> {
  const label = runningLabel(record.active ?? "", lookAt(record).active, isOurs);
  if (label === undefined) return;
  try {
    await libvirt.setMetadata(record.uuid, label, "running");
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
  }
}

function report(context: Context, instance: string, left: readonly Untaken[]): void {
  if (left.length === 0) return;
  const names = left.map(({ subject }) => subject).join(", ");
  context.warn?.(
    problem(
      "change-not-taken",
      {
        summary: `${instance} did not take ${names} while it runs`,
        detail: `${capital(reasonOf(left).replace(/^: /, "")) || "The guest did not follow within 5 s: it may have no driver for it, or still boot"}. It is stored and waits for a restart: \`virtform restart ${shellWord(instance)}\`.`,
        address: guests.at(instance),
      },
      "warning",
    ),
  );
}

function reasonOf(left: readonly Untaken[]): string {
  const words = [...new Set(left.flatMap(({ words }) => words ?? []))];
  return words.length === 0 ? "" : `: ${words.join("; ")}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
