import { setTimeout as pause } from "node:timers/promises";
import { type ActionType, defineAction } from "../../../model/action.ts";
import type { Context } from "../../../model/context.ts";
import { RefusedError } from "../../../model/errors.ts";
import { instanceFiles } from "../../../model/layout.ts";
import { shellWord } from "../../../model/shell-word.ts";
import { libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { find, findAll, parseXml } from "../../../tools/xml.ts";
import type { WaitArgs } from "../../power/plan.ts";
import { limitOf, waitedFor } from "../../terms/guest-wait.ts";
import { recordMarks } from "../record-marks.ts";
import { type CloudInitLog, cloudInitLog, fewErrors } from "./cloud-init-log.ts";
import { cloudInitResult, cloudInitResultPath } from "./cloud-init-result.ts";
import { consoleTail } from "./console-tail.ts";
import { readGuestFile } from "./guest-file.ts";
import { knownAddresses } from "./known-addresses.ts";
import { sshAnswers } from "./ssh-answers.ts";

const againMs = 1_000;
/** The end of the console log that is read: a boot writes less. */
const logBytes = 256 * 1024;

/** What is known of a guest that is waited for. `missing`: what it lacks, in words. */
type Seen = { readonly ready: true } | { readonly ready: false; readonly missing: string };

/** Waits until a guest is ready, and records that it was. Throws a RefusedError when it is not in time, stops, or its cloud-init fails. */
export const waitUntilReady: ActionType = defineAction<WaitArgs>("domain.wait", [], async (context, args) => {
  const deadline = performance.now() + args.wait.seconds * 1000;
  let wasPaused = false;
  for (;;) {
    context.signal.throwIfAborted();
    const { power = "stopped", reason = "unknown" } = (await libvirtOf(context).power(args.uuid)) ?? {};
    // QEMU pauses a guest that panics, a moment before libvirt ends it and knows why.
    if (power === "paused" && !wasPaused) {
      wasPaused = true;
      await pause(againMs, undefined, { signal: context.signal });
      continue;
    }
    if (power !== "running") throw await notRunning(context, args, `${power}${reason === "unknown" ? "" : ` (${reason})`}`);
    const seen = await lookAt(context, args);
    if (seen.ready) break;
    if (performance.now() >= deadline) throw await notReady(context, args, `${seen.missing} after ${limitOf(args.wait)}`);
    await pause(Math.max(0, Math.min(againMs, deadline - performance.now())), undefined, { signal: context.signal });
  }
  await recordMarks(context, args, { unready: false });
});

async function lookAt(context: Context, args: WaitArgs): Promise<Seen> {
  const { uuid, cards, wait } = args;
  switch (wait.what) {
    case "agent":
      return (await hasAgent(context, uuid)) ? { ready: true } : { ready: false, missing: "its guest agent is not connected" };
    case "address": {
      const [address] = await addressesOf(context, uuid, cards);
      return address === undefined ? { ready: false, missing: "no address of it is known" } : { ready: true };
    }
    case "ssh": {
      const addresses = [...new Set([...(await addressesOf(context, uuid, cards)), ...wait.addresses])];
      if (addresses.length === 0) return { ready: false, missing: "no address of it is known" };
      const answers = await Promise.all(addresses.map((address) => sshAnswers(context.host, address)));
      return answers.includes(true) ? { ready: true } : { ready: false, missing: `no ssh server answers at ${addresses.join(" or ")}` };
    }
    case "cloud_init": {
      const found = await cloudInitOf(context, uuid);
      if (found.status === "error") throw await cloudInitFailed(context, args, found);
      return found.status === "done" ? { ready: true } : { ready: false, missing: `cloud-init has not ended${reported(found)}` };
    }
  }
}

/** The result of cloud-init as the guest agent reads it, with the errors that only the console log has; without an agent, what the console log says. */
async function cloudInitOf(context: Context, uuid: string): Promise<CloudInitLog> {
  const text = (await hasAgent(context, uuid)) ? await readGuestFile(libvirtOf(context), uuid, cloudInitResultPath) : undefined;
  const log = cloudInitLog(await readConsole(context, uuid));
  const result = text === undefined ? undefined : cloudInitResult(text);
  if (result === undefined) return log;
  const errors = fewErrors([...result.errors, ...log.errors]);
  return { status: errors.length === 0 ? "done" : "error", errors };
}

function reported({ errors: [first] }: CloudInitLog): string {
  return first === undefined ? "" : ` and has reported ${JSON.stringify(first)}`;
}

async function addressesOf(context: Context, uuid: string, cards: readonly string[]): Promise<string[]> {
  return knownAddresses(context, uuid, cards, await hasAgent(context, uuid));
}

/** Whether libvirt is connected to the agent of a guest. */
async function hasAgent(context: Context, uuid: string): Promise<boolean> {
  const xml = await libvirtOf(context).liveDefinition(uuid);
  return findAll(find(xml === undefined ? undefined : parseXml(xml), "devices"), "channel").some((channel) => {
    const { name, state } = find(channel, "target")?.attributes ?? {};
    return name === "org.qemu.guest_agent.0" && state === "connected";
  });
}

/** The end of the console log; empty when there is none. */
async function readConsole({ host, layout }: Context, uuid: string): Promise<string> {
  const path = layout.instanceFile(uuid, instanceFiles.console);
  const { size = 0 } = (await host.files.stat(path)) ?? {};
  const offset = Math.max(0, size - logBytes);
  return (await host.files.read(path, { offset, length: logBytes }))?.toString("utf8") ?? "";
}

/** Waiting longer does not help a guest that is off or paused. */
async function notRunning(context: Context, args: WaitArgs, state: string): Promise<RefusedError> {
  const { instance, wait } = args;
  return new RefusedError(
    "guest-not-ready",
    `${instance} is not ready: it is ${state}`,
    `The apply waited for ${waitedFor(wait)} (wait_for: ${wait.what}) and left the guest as it is. Correct what stopped it; \`virtform console ${shellWord(instance)}\` shows what it said. Then apply again, which starts it and waits again.${await endOfConsole(context, args)}`,
  );
}

async function notReady(context: Context, args: WaitArgs, why: string): Promise<RefusedError> {
  const { instance, wait } = args;
  return new RefusedError(
    "guest-not-ready",
    `${instance} is not ready: ${why}`,
    `The apply waited for ${waitedFor(wait)} (wait_for: ${wait.what}) and left the guest as it is. Apply again to wait again, give it more time with wait_for.timeout, or see what it does with \`virtform console ${shellWord(instance)}\`.${await endOfConsole(context, args)}`,
  );
}

async function cloudInitFailed(context: Context, args: WaitArgs, { errors }: CloudInitLog): Promise<RefusedError> {
  const name = shellWord(args.instance);
  return new RefusedError(
    "cloud-init-failed",
    `cloud-init of ${args.instance} failed: ${errors.join("; ")}`,
    `The guest keeps running. \`virtform ssh ${name} -- cloud-init status --long\` says more. Correct user_data and apply with --replace ${name}, which recreates its disks, or correct the guest and run \`cloud-init clean --reboot\` in it; then apply again.${await endOfConsole(context, args)}`,
  );
}

async function endOfConsole(context: Context, { uuid }: WaitArgs): Promise<string> {
  const lines = consoleTail(await readConsole(context, uuid));
  const path = context.layout.instanceFile(uuid, instanceFiles.console);
  if (lines.length === 0) return `\nIts console log ${path} is empty.`;
  return `\nEnd of its console log ${path}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
