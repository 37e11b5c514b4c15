import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc a second: USER_HZ, which is 100 on every Linux. */
const ticks = 100;

/** Fields of /proc/PID/stat after the program's name, which may contain spaces and parentheses. */
function statOf(pid: string | number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return [text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")), ...text.slice(text.lastIndexOf(")") + 2).split(" ")];
  } catch {
    return undefined;
  }
}

/**
 * CPU seconds of all children of this process that ended and were waited for, with their own such children. The difference
 * across the end of one child is that child's.
 */
export function endedChildren(): number {
  const stat = statOf("self") ?? [];
  return (Number(stat[14] ?? 0) + Number(stat[15] ?? 0)) / ticks;
}

/**
 * CPU seconds of the guests that run now, by process id and start, with the name of each guest. libvirt starts them, so they
 * are children of no test. Guests that a test starts by itself are not among them: they count as its children.
 */
export function guestTimes(): ReadonlyMap<string, { readonly guest: string; readonly seconds: number }> {
  const found = new Map<string, { guest: string; seconds: number }>();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = statOf(pid);
    if (!stat?.[0]?.startsWith("qemu-system-")) continue;
    const guest = /(?:^|\0)-name\0guest=([^,\0]+)/.exec(commandLine(pid))?.[1];
    if (guest === undefined) continue;
    found.set(`${pid} ${stat[20]}`, { guest, seconds: (Number(stat[12]) + Number(stat[13])) / ticks });
  }
  return found;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
