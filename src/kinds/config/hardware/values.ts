import { cpuSetPattern } from "../../guest/fields/cpu-set-schema.ts";
import { mapped, shaped, type ValueRule } from "./value-rule.ts";

/** Why CPUs are not dedicated automatically. */
export const noDedicated =
  "virtform does not choose host CPUs for guests. Write cpu_pinning on the instance, which names the host CPU of each virtual CPU.";

/** The largest quota of a disk that libvirt takes. */
export const quotaMaximum = 10 ** 15;

/** `disabled` gives a guest what it has without the key. */
export const secureBoot: ValueRule = mapped(
  { required: true, disabled: false },
  { optional: "Whether a guest boots securely must not depend on what the host happens to have. Write required or disabled." },
);

/** A list of CPUs: `0-3,8`. */
export const cpuList: ValueRule = shaped(cpuSetPattern, "a list of CPUs such as 0-3,8", "0-1");

/** Nova's sizes of pages: a number is KiB. The value is that of `huge_pages`. */
export const pageSize: ValueRule = shaped(
  "^(small|any|large|[0-9]+([kKMG]i?)?B?)$",
  "small, any, large, or a size such as 2048 (KiB), 2MB or 1GB",
  "large",
  (text) => {
    if (text === "small" || text === "any") return null;
    if (text === "large") return "default";
    const [, number = "", unit = "k"] = /^([0-9]+)([kKMG]?)/.exec(text) ?? [];
    const kibibytes = Number(number) * ({ "": 1, k: 1, K: 1, M: 1024, G: 1024 ** 2 }[unit] ?? 1);
    return kibibytes === 4 ? null : hugePagesOf(kibibytes);
  },
);

/** A size of pages in KiB as `huge_pages` spells it: `2MiB`. */
export function hugePagesOf(kibibytes: number): string {
  if (kibibytes % 1024 ** 2 === 0) return `${kibibytes / 1024 ** 2}GiB`;
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}MiB` : `${kibibytes}KiB`;
}
