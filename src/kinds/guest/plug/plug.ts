import { setTimeout as pause } from "node:timers/promises";
import { type ActionType, defineAction, type ReportProgress } from "../../../model/action.ts";
import type { Context } from "../../../model/context.ts";
import { RefusedError } from "../../../model/errors.ts";
import { problem } from "../../../model/problem.ts";
import { libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { type NetDevice, netDevices } from "../../../tools/net-devices.ts";
import { ovsBridgeOf } from "../../../tools/ovs.ts";
import { readLabel, rememberedDomain } from "../../directory/label.ts";
import type { DomainRef, PlugArgs } from "../../power/plan.ts";
import { up } from "../../terms/guest-address.ts";
import { limitOf } from "../../terms/guest-wait.ts";
import { conditionWords, type PlugCondition, type Plugging } from "../../terms/plugging.ts";
import { expectUp } from "../expect-up.ts";
import { ownStanding } from "../own-domain.ts";
import { pausedMeanwhile } from "../paused-meanwhile.ts";
import { recordMarks } from "../record-marks.ts";
import { type AskedProgram, type AskedPrograms, askPrograms } from "./ask-programs.ts";
import { type NicDevice, nicDevices } from "./devices.ts";
import { type Lack, lackOf, type SeenNic } from "./lack.ts";

const againMs = 500;
/** Longest start of a guest by libvirt that is waited for. */
const startMs = 60_000;

/** A condition of an interface, and what it lacks. `errors`: of a program, the end of its error output. */
interface Judged {
  readonly nic: string;
  readonly device: string | null;
  readonly condition: PlugCondition;
  readonly lack: Lack | undefined;
  readonly errors: readonly string[];
}

/**
 * Waits until the interfaces of a guest that this or an earlier apply started paused are ready, and resumes it (Nova DOM-04). When they are not in time
 * (DOM-06), or a program says that one will not be (DOM-05), it powers the guest off and throws a RefusedError, or warns and resumes it.
 */
export const plugInterfaces: ActionType = defineAction<PlugArgs>("domain.plug", [up], async (context, args, report) => {
  const libvirt = libvirtOf(context);
  const have = await ownStanding(context, args);
  // It was resumed by others: nothing is left to wait for.
  if (have?.power === "running") return recordMarks(context, args, { plugging: false });
  if (have?.power !== "paused") throw notPaused(args, have?.power ?? "undefined");
  if (!(await isPausedByApply(context, args))) throw pausedMeanwhile(args);
  const lacking = await waitForInterfaces(context, args, report);
  if (lacking === "resumed") return recordMarks(context, args, { plugging: false });
  if (lacking.length > 0 && args.plugging.fatal) {
    await libvirt.destroy(args.uuid);
    // Who starts and pauses it from now on is not this apply. The next plan says why it is off.
    await recordMarks(context, args, { plugging: false, unplugged: true });
    throw notPlugged(args, lacking);
  }
  if (lacking.length > 0) context.warn?.(resumedWithout(args, lacking));
  await libvirt.resume(args.uuid);
  await expectUp(context, args);
  await recordMarks(context, args, { plugging: false });
});

/** Whether an apply started a guest paused, as its label says: a guest that others paused is left alone. */
export async function isPausedByApply(context: Context, { uuid }: DomainRef): Promise<boolean> {
  return rememberedDomain(await readLabel(context, uuid))?.plugging === true;
}

/** Gives what is lacking when there is nothing left to wait for; empty: all interfaces are ready. */
async function waitForInterfaces(context: Context, args: PlugArgs, report: ReportProgress): Promise<readonly Judged[] | "resumed"> {
  const { uuid, plugging } = args;
  if (plugging.interfaces.length === 0) return [];
  const libvirt = libvirtOf(context);
  await untilStarted(context, args);
  const active = await libvirt.liveDefinition(uuid);
  const devices = active === undefined ? new Map<string, NicDevice>() : nicDevices(active);
  const withinMs = plugging.seconds * 1000;
  const deadline = performance.now() + withinMs;
  await using programs = askPrograms(context, programsOf(args, devices), withinMs);
  for (;;) {
    context.signal.throwIfAborted();
    const judged = await judge(context, plugging, devices, programs);
    const lacking = judged.filter(({ lack }) => lack !== undefined);
    const open = lacking.filter(({ lack }) => lack?.final !== true);
    const isOver = open.length === 0 || (plugging.fatal && open.length < lacking.length) || performance.now() >= deadline;
    const { power = "stopped" } = (await libvirt.power(uuid)) ?? {};
    if (power === "running") return "resumed";
    if (power !== "paused") throw notPaused(args, power);
    if (isOver) return lacking;
    const waits = lacking.map(clauseOf).join("; ");
    report({ done: judged.length - lacking.length, total: judged.length, phase: "wait", waits });
    await pause(Math.max(0, Math.min(againMs, deadline - performance.now())), undefined, { signal: context.signal });
  }
}

/** After a kill, libvirt may still be at the start that the killed apply asked for: the guest has no devices until then. */
async function untilStarted(context: Context, { uuid }: PlugArgs): Promise<void> {
  const deadline = performance.now() + startMs;
  while ((await libvirtOf(context).power(uuid))?.reason === "starting-up" && performance.now() < deadline)
    await pause(againMs, undefined, { signal: context.signal });
}

async function judge(
  context: Context,
  { interfaces }: Plugging,
  devices: ReadonlyMap<string, NicDevice>,
  programs: AskedPrograms,
): Promise<Judged[]> {
  const seen = await seeNics(context, interfaces, devices);
  const words = programs.words();
  let asked = 0;
  return interfaces.flatMap(({ name, conditions }, index) =>
    conditions.map((condition): Judged => {
      const one = seen[index] ?? { device: undefined, own: undefined, link: undefined, ovsBridge: null };
      const subject = { nic: name, device: one.device?.name ?? null, condition };
      if (condition.what !== "command") return { ...subject, lack: lackOf(condition, one), errors: [] };
      const word = words[asked++];
      return { ...subject, lack: word?.lack, errors: word?.errors ?? [] };
    }),
  );
}

async function seeNics(context: Context, interfaces: Plugging["interfaces"], devices: ReadonlyMap<string, NicDevice>): Promise<SeenNic[]> {
  const own = interfaces.map(({ mac }) => devices.get(mac));
  const names = [...new Set(own.flatMap((device) => [device?.name ?? [], device?.link ?? []].flat()))];
  const found = names.length === 0 ? [] : await netDevices(context, names);
  const byName = new Map<string, NetDevice | undefined>(names.map((name, index) => [name, found[index]]));
  const ovs = await Promise.all(
    interfaces.map(({ conditions }, index) => {
      const { name = null, ovs: isOvs = false } = own[index] ?? {};
      // The kernel shows one master for the ports of all bridges of Open vSwitch.
      const isPort = isOvs || byName.get(name ?? "")?.master === "ovs-system";
      return isPort && name !== null && conditions.some(({ what }) => what === "bridge") ? ovsBridgeOf(context, name) : null;
    }),
  );
  return own.map((device, index) => ({
    device,
    own: byName.get(device?.name ?? ""),
    link: byName.get(device?.link ?? ""),
    ovsBridge: ovs[index] ?? null,
  }));
}

function programsOf({ uuid, instance, plugging }: PlugArgs, devices: ReadonlyMap<string, NicDevice>): AskedProgram[] {
  return plugging.interfaces.flatMap(({ name, mac, conditions }) =>
    conditions.flatMap((condition): AskedProgram[] => {
      if (condition.what !== "command") return [];
      const env = {
        VIRTFORM_INSTANCE: instance,
        VIRTFORM_UUID: uuid,
        VIRTFORM_NIC: name,
        VIRTFORM_MAC: mac,
        VIRTFORM_INTERFACE: devices.get(mac)?.name ?? "",
      };
      return [{ command: condition.command, env }];
    }),
  );
}

/** `interface 0: vnet3 is not a port of bridge br-int`. */
function clauseOf({ nic, lack }: Judged): string {
  return `interface ${nic}: ${lack?.words ?? "ready"}`;
}

function notPlugged(args: PlugArgs, lacking: readonly Judged[]): RefusedError {
  const isLate = lacking.every(({ lack }) => lack?.final !== true);
  const more = isLate ? " host.vif_plugging_timeout sets how long an apply waits." : "";
  return new RefusedError(
    "interfaces-not-ready",
    summaryOf(args, lacking),
    `The guest was paused and was powered off before it ran; its definition and its disks stay. ${expectedWords(lacking)} Then apply again.${more} With host.vif_plugging_is_fatal: false the guest is resumed anyway.${errorsOf(lacking)}`,
  );
}

function resumedWithout(args: PlugArgs, lacking: readonly Judged[]) {
  const detail = `The guest was resumed anyway (host.vif_plugging_is_fatal: false). ${expectedWords(lacking)}${errorsOf(lacking)}`;
  return problem("interfaces-not-ready", { summary: summaryOf(args, lacking), detail }, "warning");
}

function summaryOf({ instance, plugging }: PlugArgs, lacking: readonly Judged[]): string {
  const isOpen = ({ lack }: Judged) => lack?.final !== true;
  // A condition that cannot come true ends the wait early where it is fatal.
  const isLate = plugging.fatal ? lacking.every(isOpen) : lacking.some(isOpen);
  return `${instance} has interfaces that are not ready${isLate ? ` after ${limitOf(plugging)}` : ""}: ${lacking.map(clauseOf).join("; ")}`;
}

/** What was expected of each, in the words of the configuration, and how it is looked at. */
function expectedWords(lacking: readonly Judged[]): string {
  const expected = lacking.map(({ nic, condition }) => `${conditionWords(condition)} of interface ${nic}`).join(", ");
  const bridges = lacking.some(({ condition }) => condition.what === "bridge") ? ", `bridge link`" : "";
  const links = lacking.some(({ condition }) => condition.what !== "command") ? ` (\`ip link\`${bridges})` : "";
  return `Expected: ${expected}. Check the program that should connect it${links}.`;
}

function errorsOf(lacking: readonly Judged[]): string {
  return lacking
    .flatMap(({ condition, errors }) =>
      errors.length === 0
        ? []
        : [`\nEnd of the error output of ${conditionWords(condition)}:\n${errors.map((line) => `  ${line}`).join("\n")}`],
    )
    .join("");
}

function notPaused({ instance }: DomainRef, power: string): RefusedError {
  return new RefusedError(
    "guest-not-running",
    `${instance} was paused until its interfaces are ready, and is ${power}`,
    "It was powered off or undefined meanwhile. Apply again.",
  );
}
