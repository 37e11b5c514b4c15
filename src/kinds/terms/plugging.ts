import { durationMs } from "../../model/duration.ts";
import { shellWord } from "../../model/shell-word.ts";
import { limitOf } from "./guest-wait.ts";
import type { InterfaceSpec } from "./spec.ts";

/** What has to be so before a guest runs. */
export type PlugCondition =
  /** Its device on the host is up and has a carrier. */
  | { readonly what: "link" }
  /** Its device is a port of a bridge; null: of the one that libvirt connects it to. */
  | { readonly what: "bridge"; readonly bridge: string | null }
  /** A program of the host exits with 0. */
  | { readonly what: "command"; readonly command: readonly string[] };

/** An interface that is waited for. */
export interface PluggedInterface {
  /** Within the instance. */
  readonly name: string;
  readonly mac: string;
  readonly conditions: readonly PlugCondition[];
}

/** What a guest that an apply starts is paused for (Nova DOM-01 … DOM-06: a guest is started paused and waits for its interfaces). */
export interface Plugging {
  /** Shared by all interfaces. */
  readonly seconds: number;
  /** Without them the guest is powered off again; false: it is resumed all the same. */
  readonly fatal: boolean;
  readonly interfaces: readonly PluggedInterface[];
}

/** Why a guest that an apply left paused has a change. */
export const leftPaused = "the last apply started it paused and did not resume it";

/** Nova's limit. */
export const usualPluggingTimeout = "300s";

type WrittenCondition = "link" | "bridge" | { readonly bridge?: string; readonly command?: readonly string[] };

/** `ready` of an interface as it is written. */
export type WrittenReady = WrittenCondition | readonly WrittenCondition[];

/** `vif_plugging_timeout` and `vif_plugging_is_fatal` of `host` as they are written. */
interface WrittenLimits {
  readonly vif_plugging_timeout?: string | undefined;
  readonly vif_plugging_is_fatal?: boolean | undefined;
}

/** What is waited for, as it is written for each of the interfaces; undefined for nothing. */
export function pluggingOf(
  { vif_plugging_timeout: timeout = usualPluggingTimeout, vif_plugging_is_fatal: fatal = true }: WrittenLimits,
  written: readonly (WrittenReady | undefined)[],
  interfaces: readonly Pick<InterfaceSpec, "name" | "mac" | "type" | "source">[],
): Plugging | undefined {
  const seconds = (durationMs(timeout) ?? 0) / 1000;
  const awaited = interfaces.flatMap((nic, index): PluggedInterface[] => {
    const ready = written[index];
    if (ready === undefined) return [];
    const conditions = (isList(ready) ? ready : [ready]).map((one) => conditionOf(one, nic));
    return [{ name: nic.name, mac: nic.mac, conditions }];
  });
  return seconds === 0 || awaited.length === 0 ? undefined : { seconds, fatal, interfaces: awaited };
}

function isList(ready: WrittenReady): ready is readonly WrittenCondition[] {
  return Array.isArray(ready);
}

function conditionOf(written: WrittenCondition, { type, source }: Pick<InterfaceSpec, "type" | "source">): PlugCondition {
  if (written === "link") return { what: "link" };
  if (written === "bridge") return { what: "bridge", bridge: type === "bridge" ? source : null };
  if (written.command !== undefined) return { what: "command", command: written.command };
  return { what: "bridge", bridge: written.bridge ?? null };
}

/** A condition in a few words: `link`, `bridge br-int`, `/usr/local/bin/port-up`. */
export function conditionWords(condition: PlugCondition): string {
  switch (condition.what) {
    case "link":
      return "link";
    case "bridge":
      return condition.bridge === null ? "its bridge" : `bridge ${condition.bridge}`;
    case "command":
      return condition.command.map(shellWord).join(" ");
  }
}

/** The step as a plan lists it: `wait for interface 0 (bridge br-int), at most 5 min, then resume, else power off`. */
export function pluggingWords({ seconds, fatal, interfaces }: Plugging): string {
  if (interfaces.length === 0) return "resume";
  const named = interfaces.map(({ name, conditions }) => `${name} (${conditions.map(conditionWords).join(", ")})`);
  const noun = named.length === 1 ? "interface" : "interfaces";
  return `wait for ${noun} ${named.join(", ")}, at most ${limitOf({ seconds })}, then resume${fatal ? ", else power off" : ""}`;
}
