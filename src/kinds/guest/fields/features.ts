import { find, findAll, textAt } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields, GuestField } from "../field.ts";
import { isWindowsOnKvm, isX86 } from "./is-x86.ts";
import { set } from "./write.ts";

/** Clock, SMBIOS and features of the virtual machine. */
export const featureFields: readonly GuestField[] = [
  {
    path: "clock",
    want: ({ osType }) => (osType === "windows" ? "localtime" : "utc"),
    owns: ["clock@offset"],
    write: (domain, value) => set(at(domain, "clock"), "offset", value),
    read: (domain) => find(domain, "clock")?.attributes["offset"],
  },
  {
    path: "smbios",
    fixed: true,
    want: (spec) => (isX86(spec.arch) ? smbiosText("sysinfo", smbiosEntries(spec), spec.uuid) : null),
    owns: ["sysinfo[@type=smbios]@type", "sysinfo[@type=smbios]/system", "os/smbios"],
    write: (domain, _value, spec) => {
      const system = at(set(at(domain, "sysinfo"), "type", "smbios"), "system");
      for (const [name, value] of smbiosEntries(spec)) add(system, "entry", { name }, value);
      set(at(domain, "os", "smbios"), "mode", "sysinfo");
    },
    read: (domain) => {
      const mode = find(domain, "os", "smbios")?.attributes["mode"];
      const entries = findAll(find(domain, "sysinfo", "system"), "entry").map(({ attributes, text }) => [attributes["name"], text.trim()]);
      return mode === undefined ? undefined : smbiosText(mode, entries, textAt(domain, "uuid"));
    },
  },
  presence("acpi", () => true, "features", "acpi"),
  presence("apic", ({ arch }) => isX86(arch), "features", "apic"),
  {
    path: "hyperv",
    want: (spec) => (wantsHyperv(spec) ? "relaxed, spinlocks 8191, vapic" : null),
    owns: ["features/hyperv/relaxed", "features/hyperv/vapic", "features/hyperv/spinlocks"],
    write: (domain) => {
      const hyperv = at(domain, "features", "hyperv");
      add(hyperv, "relaxed", { state: "on" });
      add(hyperv, "vapic", { state: "on" });
      add(hyperv, "spinlocks", { state: "on", retries: 8191 });
    },
    read: (domain) => {
      const hyperv = find(domain, "features", "hyperv");
      if (hyperv === undefined) return undefined;
      const on = hyperv.children.filter(({ name, attributes }) => enlightenments.includes(name) && attributes["state"] === "on");
      if (on.length === 0) return undefined;
      const words = on.map(({ name, attributes }) => [name, attributes["retries"]].filter(Boolean).join(" "));
      return words.sort().join(", ");
    },
  },
  {
    path: "hide_hypervisor",
    onlyIfSet: true,
    want: ({ values }) => values["hide_hypervisor"] === true || null,
    owns: ["features/kvm/hidden"],
    write: (domain) => set(at(domain, "features", "kvm", "hidden"), "state", "on"),
    read: (domain) => find(domain, "features", "kvm", "hidden")?.attributes["state"] === "on" || undefined,
  },
  {
    path: "pmu",
    onlyIfSet: true,
    want: ({ values }) => values["pmu"] ?? null,
    owns: ["features/pmu"],
    write: (domain, value) => set(at(domain, "features", "pmu"), "state", value === true ? "on" : "off"),
    read: (domain) => {
      const pmu = find(domain, "features", "pmu");
      return pmu === undefined ? undefined : pmu.attributes["state"] !== "off";
    },
  },
];

const enlightenments: readonly string[] = ["relaxed", "vapic", "spinlocks"];

interface Timer {
  readonly name: string;
  readonly tickpolicy: string | null;
  readonly present: string | null;
}

/** Timers of the clock. */
export const timers: DeviceFields<Timer> = {
  section: "timers",
  // Nova XML-08.
  items: (spec) =>
    spec.virtType !== "kvm" || !isX86(spec.arch)
      ? []
      : [
          { name: "pit", tickpolicy: "delay", present: null },
          { name: "rtc", tickpolicy: "catchup", present: null },
          { name: "hpet", tickpolicy: null, present: spec.values["hpet"] === true ? "yes" : "no" },
          ...(isWindowsOnKvm(spec) ? [{ name: "hypervclock", tickpolicy: null, present: "yes" }] : []),
        ],
  key: ({ name }) => name,
  at: "clock/timer",
  owns: ["@name"],
  shape: (timer, { name }) => set(timer, "name", name),
  keyOf: ({ attributes }) => attributes["name"] ?? "?",
  fields: (["tickpolicy", "present"] as const).map((name) => ({
    name,
    want: (timer) => timer[name],
    owns: [`@${name}`],
    write: (timer, value) => set(timer, name, value),
    read: ({ attributes }) => attributes[name],
  })),
};

/** Nova XML-07: Windows expects these of its hypervisor. */
function wantsHyperv(spec: DomainSpec): boolean {
  const asked = spec.values["hyperv"];
  return asked === undefined ? isWindowsOnKvm(spec) : asked === true;
}

/** A feature that is on when its element exists. */
function presence(path: string, wanted: (spec: DomainSpec) => boolean, ...at_: readonly string[]): GuestField {
  return {
    path,
    fixed: true,
    want: (spec) => wanted(spec) || null,
    element: at_.join("/"),
    write: (domain) => at(domain, ...at_),
    read: (domain) => (find(domain, ...at_) === undefined ? undefined : true),
  };
}

/** Nova XML-04: cloud-init knows an OpenStack guest by these words and then looks for a config drive. */
function smbiosEntries({ uuid }: DomainSpec): [string, string][] {
  return [
    ["manufacturer", "OpenStack Foundation"],
    ["product", "OpenStack Nova"],
    ["serial", uuid],
    ["uuid", uuid],
    ["family", "Virtual Machine"],
  ];
}

/** `own` stands for the uuid of the guest, which is not the same for all of them. */
function smbiosText(mode: string, entries: readonly (readonly (string | undefined)[])[], uuid: string | undefined): string {
  return [mode, ...entries.map(([name, value]) => `${name} ${value === uuid ? "own" : value}`)].join("; ");
}
