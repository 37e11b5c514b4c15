import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";
import { approximateQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** What is asked of a host and what it has. Sizes are bytes. */
export interface CapacityInput {
  /** Every desired guest of the project. All count, running or not: one that is started later must still fit (as Nova claims, CLM-02). */
  readonly domains: readonly Pick<DomainSpec, "instance" | "memory" | "vcpus">[];
  /** What guests that are not ours take, whether they run or not, and what running applies of other projects have claimed. */
  readonly others: {
    readonly memory: number;
    readonly vcpus: number;
    /** Of new and grown disks of these applies. */
    readonly diskBytes?: number;
    /** The projects of these applies. */
    readonly applies?: readonly string[];
  };
  /** Virtual bytes that disks will get which they do not have yet: new disks, and growth. */
  readonly diskBytes: number;
  /** Those of them that are taken at once: no ratio makes room for them. */
  readonly reservedBytes?: number;
  /** Virtual bytes of all disks of the project as they will be. */
  readonly allDiskBytes?: number;
  readonly facts: Pick<HostFacts, "cpus" | "memory" | "disk">;
  readonly settings: Pick<HostSettings, "reserved" | "allocationRatio" | "limits">;
}

/** All shortages together (Nova CLM-02 … CLM-06). Nothing is asked for, nothing is short: a full host does not forbid an empty plan. */
export function checkCapacity(input: CapacityInput): Diagnostic[] {
  const { domains, others, diskBytes, reservedBytes = 0, allDiskBytes = 0, facts, settings } = input;
  const { reserved, allocationRatio: ratio, limits = {} } = settings;
  const memory = sum(domains.map((domain) => domain.memory));
  const vcpus = sum(domains.map((domain) => domain.vcpus));
  const memoryFree = lower(Math.floor(facts.memory * ratio.memory) - reserved.memory - others.memory, limits.memory, others.memory);
  const vcpusFree = lower(Math.floor(facts.cpus * ratio.vcpus) - others.vcpus, limits.vcpus, others.vcpus);
  // Existing disks are not part of the free bytes; the ratio applies to the whole filesystem, not to its free part.
  const { diskBytes: claimed = 0, applies = [] } = others;
  const diskFree = Math.max(0, Math.floor(facts.disk.free + facts.disk.total * (ratio.disk - 1)) - reserved.disk - claimed);
  const reallyFree = Math.max(0, facts.disk.free - reserved.disk - claimed);
  const running = applies.length === 0 ? "" : `, with what running applies of ${applies.join(", ")} bring`;
  const fits = fitting(domains, memoryFree, vcpusFree);
  const [memoryBinds, vcpusBind] = [binds(limits.memory, others.memory, memoryFree), binds(limits.vcpus, others.vcpus, vcpusFree)];
  return [
    ...shortage(memory > memoryFree, "insufficient-memory", "memory", {
      requested: `${approximateQuantity(memory)} for ${instances(domains.length)}`,
      free: approximateQuantity(memoryFree),
      because: `the host has ${approximateQuantity(facts.memory)}, allocation_ratio.memory is ${ratio.memory}, ${approximateQuantity(reserved.memory)} are reserved and guests that are not ours take ${approximateQuantity(others.memory)}${running}${limited("memory", limits.memory, approximateQuantity)}`,
      remedy: `${fits} Use smaller flavors or fewer instances, or raise ${memoryBinds ? "limits.memory" : "allocation_ratio.memory if the guests will not use all of theirs"}.`,
      by: [memoryBinds ? "limits" : "allocation_ratio", "memory"],
    }),
    ...shortage(vcpus > vcpusFree, "insufficient-vcpus", "vCPUs", {
      requested: `${vcpus} for ${instances(domains.length)}`,
      free: String(vcpusFree),
      because: `the host has ${facts.cpus} processors, allocation_ratio.vcpus is ${ratio.vcpus} and guests that are not ours take ${others.vcpus}${running}${limited("vcpus", limits.vcpus, String)}`,
      remedy: `${fits} Use smaller flavors or fewer instances, or raise ${vcpusBind ? "limits.vcpus" : "allocation_ratio.vcpus"}.`,
      by: [vcpusBind ? "limits" : "allocation_ratio", "vcpus"],
    }),
    ...shortage(diskBytes > diskFree, "insufficient-disk", "disk space", {
      requested: `${approximateQuantity(diskBytes)} for new and grown disks`,
      free: approximateQuantity(diskFree),
      because: `the filesystem has ${approximateQuantity(facts.disk.free)} of ${approximateQuantity(facts.disk.total)} free, allocation_ratio.disk is ${ratio.disk} and ${approximateQuantity(reserved.disk)} are reserved${claimedText(claimed, applies)}`,
      remedy: "Free space, use smaller disks, or raise allocation_ratio.disk if the disks will stay mostly empty.",
      by: ["allocation_ratio", "disk"],
    }),
    // Where the disk is too small even with the ratio, that has been said.
    ...shortage(reservedBytes > reallyFree && diskBytes <= diskFree, "insufficient-disk", "disk space", {
      requested: `${approximateQuantity(reservedBytes)} to be reserved for new and grown disks`,
      free: approximateQuantity(reallyFree),
      because: `preallocate_images is space, so allocation_ratio.disk does not count, and ${approximateQuantity(reserved.disk)} are reserved${claimedText(claimed, applies)}`,
      remedy: "Free space, use smaller disks, or write preallocate_images: none.",
      by: ["preallocate_images"],
    }),
    ...shortage(diskBytes > 0 && limits.disk !== undefined && allDiskBytes > limits.disk, "insufficient-disk", "disk space", {
      requested: `${approximateQuantity(allDiskBytes)} for all disks of this project`,
      free: approximateQuantity(limits.disk ?? 0),
      because: "limits.disk",
      remedy: "Use smaller disks, or raise limits.disk.",
      by: ["limits", "disk"],
    }),
  ];
}

function claimedText(bytes: number, applies: readonly string[]): string {
  return bytes === 0 ? "" : `; running applies of ${applies.join(", ")} claim ${approximateQuantity(bytes)}`;
}

/** What is free: what the host has left, or less where a limit for all guests together leaves less. */
function lower(free: number, limit: number | undefined, taken: number): number {
  return Math.max(0, Math.min(free, limit === undefined ? Number.POSITIVE_INFINITY : limit - taken));
}

/** Whether it is the limit that leaves no more than what is free. */
function binds(limit: number | undefined, taken: number, free: number): boolean {
  return limit !== undefined && limit - taken <= free;
}

function limited(name: string, limit: number | undefined, shown: (value: number) => string): string {
  return limit === undefined ? "" : `; limits.${name} allows ${shown(limit)} for all guests`;
}

/** Which guests there is room for, taken in the order of the configuration. */
function fitting(domains: CapacityInput["domains"], memoryFree: number, vcpusFree: number): string {
  let [memory, vcpus] = [0, 0];
  const names = domains.flatMap((domain) => {
    if (memory + domain.memory > memoryFree || vcpus + domain.vcpus > vcpusFree) return [];
    memory += domain.memory;
    vcpus += domain.vcpus;
    return [domain.instance];
  });
  if (names.length === 0) return domains.length === 1 ? "It does not fit." : "None of them fits.";
  const shown = names.slice(0, mostNamed).join(", ");
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return `There is room for ${names.length} of them: ${shown}${more}.`;
}

const mostNamed = 10;

function shortage(
  short: boolean,
  code: string,
  what: string,
  words: { readonly requested: string; readonly free: string; readonly because: string; readonly remedy: string; readonly by: Pointer },
): Diagnostic[] {
  if (!short) return [];
  const detail = `Requested: ${words.requested}; free: ${words.free} (${words.because}). ${words.remedy}`;
  return [problem(code, { summary: `Not enough ${what} on the host`, detail, pointer: ["host", ...words.by] })];
}

function instances(count: number): string {
  return count === 1 ? "1 instance" : `${count} instances`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
