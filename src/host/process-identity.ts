import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A machine, as needed to identify its processes. */
export interface MachineIdentity {
  readonly hostName: string;
  /** Never changes, unlike host names. */
  readonly machineId: string;
  /** Changes with every start of the machine. */
  readonly bootId: string;
  /** Process ids are valid only within one namespace: containers have their own. */
  readonly pidNamespace: string;
}

/** A process, unambiguously: process ids alone are reused. */
export interface ProcessIdentity extends MachineIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start, as the kernel writes them. */
  readonly startTime: string;
}

let self: ProcessIdentity | undefined;

/** The identity of this process. Read once: temporary names and locks need it for each file. */
export function thisProcess(): ProcessIdentity {
  self ??= { pid: process.pid, startTime: processState(process.pid)?.startTime ?? "", ...thisMachine() };
  return self;
}

/** Whether a process still runs; `unknown` on another machine or in another container. */
export function liveness(identity: ProcessIdentity): "alive" | "gone" | "unknown" {
  const place = comparePlaces(identity, thisMachine());
  if (place !== "here") return place === "before" ? "gone" : "unknown";
  const found = processState(identity.pid);
  if (found !== undefined) return found.running && found.startTime === identity.startTime ? "alive" : "gone";
  // Processes of other users can be hidden; signal 0 tells them from missing ones.
  return mayExist(identity.pid) ? "unknown" : "gone";
}

/** Whether a process belongs to this boot, an earlier boot of this machine, or elsewhere. Unknown values match nothing. */
export function comparePlaces(place: MachineIdentity, here: MachineIdentity): "here" | "before" | "elsewhere" {
  if (place.bootId !== "" && place.bootId === here.bootId) return place.pidNamespace === here.pidNamespace ? "here" : "elsewhere";
  const same = place.machineId !== "" && place.machineId === here.machineId && place.hostName === here.hostName;
  return same && place.bootId !== "" && here.bootId !== "" ? "before" : "elsewhere";
}

/**
 * Parses `/proc/<pid>/stat`. A zombie is not running. The
 * program name is in parentheses and may contain parentheses.
 */
export function parseProcessState(stat: string): { readonly running: boolean; readonly startTime: string } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { running: fields[0] !== "Z" && fields[0] !== "X", startTime: fields[19] ?? "" };
}

function processState(pid: number) {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === "" ? undefined : parseProcessState(stat);
}

function mayExist(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

let machine: MachineIdentity | undefined;

function thisMachine(): MachineIdentity {
  machine ??= {
    hostName: hostname(),
    machineId: textOf(() => readFileSync("/etc/machine-id", "utf8")),
    bootId: textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    pidNamespace: textOf(() => readlinkSync("/proc/self/ns/pid")),
  };
  return machine;
}

function textOf(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
