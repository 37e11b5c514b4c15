import { closest } from "../../model/closest.ts";
import type { GuestFacts, HostFacts } from "../../model/host-facts.ts";
import { formatQuantity, parseQuantity } from "../../model/quantity.ts";
import type { FieldValue } from "../terms/domain-state.ts";

/** A setting that the host cannot give a guest: its path, what the host lacks, and what to do. */
export interface Lack {
  readonly path: string;
  readonly summary: string;
  readonly detail: string;
}

/** What the host cannot give a guest with these settings (Nova XML-05, XML-09, XML-15, XML-16). Empty where libvirt does not tell, and for a machine type that it does not know, which is reported elsewhere. */
export function lacks(
  values: Readonly<Record<string, FieldValue>>,
  { machine, vcpus }: { readonly machine: string; readonly vcpus: number },
  facts: Pick<HostFacts, "guests" | "hugePages" | "kvm">,
): Lack[] {
  const known = facts.guests?.[machine];
  const pages = hugePages(values, facts.hugePages);
  return known === undefined || known === null
    ? pages
    : [...firmware(values, known), ...tpm(values, known), ...cpu(values, known, facts.kvm), ...devices(values, known, vcpus), ...pages];
}

function firmware(values: Readonly<Record<string, FieldValue>>, known: GuestFacts): Lack[] {
  if (values["firmware"] !== "uefi" || known.firmware === null) return [];
  const install = "Install OVMF on the host (package ovmf or edk2-ovmf)";
  if (!known.firmware.includes("efi"))
    return [{ path: "firmware", summary: "The host has no UEFI firmware", detail: `${install}, or write firmware: bios.` }];
  if (values["secure_boot"] !== true || known.secureBoot) return [];
  return [
    {
      path: "secure_boot",
      summary: "The host has no UEFI firmware with secure boot",
      detail: `${install} with a build that has Microsoft's keys, or remove secure_boot.`,
    },
  ];
}

function tpm(values: Readonly<Record<string, FieldValue>>, { tpm: found }: GuestFacts): Lack[] {
  const [version, model] = [values["tpm.version"], values["tpm.model"]];
  if (version === undefined) return [];
  if (found === null || !found.emulated)
    return [
      {
        path: "tpm.version",
        summary: "The host has no emulator for a TPM",
        detail: "Install swtpm and swtpm-tools on the host and restart libvirt, or remove tpm.",
      },
    ];
  if (found.versions !== null && !found.versions.includes(String(version)))
    return [
      {
        path: "tpm.version",
        summary: `The host has no TPM ${version}`,
        detail: `Its emulator has version ${found.versions.join(" and ")}. Write another version.`,
      },
    ];
  if (model === undefined || found.models.includes(String(model))) return [];
  return [
    {
      path: "tpm.model",
      summary: `The host has no ${model}`,
      detail: `The possible models are ${found.models.join(" and ")}. Write another model.`,
    },
  ];
}

function cpu(values: Readonly<Record<string, FieldValue>>, { cpuModes, cpuModels }: GuestFacts, kvm: boolean): Lack[] {
  const [mode, model] = [values["cpu.mode"], values["cpu.model"]];
  if (mode !== undefined && cpuModes !== null && !cpuModes.includes(String(mode)))
    return [
      {
        path: "cpu.mode",
        summary: `The host has no processor mode ${mode}`,
        detail: `The possible modes are ${cpuModes.join(", ")}${kvm ? "" : "; host-passthrough needs KVM"}. Write another mode.`,
      },
    ];
  if (model === undefined || cpuModels === null) return [];
  const usable = cpuModels[String(model)];
  const meant = closest(String(model), Object.keys(cpuModels));
  if (usable === undefined)
    return [
      {
        path: "cpu.model",
        summary: `The host knows no processor ${model}`,
        detail: `${meant === undefined ? "" : `Did you mean ${meant}? `}\`virsh domcapabilities\` lists the models. Write another model.`,
      },
    ];
  // Without KVM, QEMU leaves out what it cannot emulate.
  if (usable || !kvm) return [];
  const others = Object.keys(cpuModels).filter((name) => cpuModels[name]);
  return [
    {
      path: "cpu.model",
      summary: `The processor of the host cannot run ${model}`,
      detail: `It lacks features of the model. Possible are ${others.slice(0, 12).join(", ")}; or write cpu.mode: host-model.`,
    },
  ];
}

function devices(values: Readonly<Record<string, FieldValue>>, { videoModels, maxVcpus }: GuestFacts, vcpus: number): Lack[] {
  const video = values["video.model"];
  const most = Math.max(vcpus, Number(values["max_vcpus"] ?? 0));
  return [
    ...(video === undefined || videoModels === null || videoModels.includes(String(video))
      ? []
      : [
          {
            path: "video.model",
            summary: `The host has no video card ${video}`,
            detail: `The possible models are ${videoModels.join(", ")}. Write another model.`,
          },
        ]),
    ...(maxVcpus === null || most <= maxVcpus
      ? []
      : [
          {
            path: values["max_vcpus"] === undefined ? "vcpus" : "max_vcpus",
            summary: `${most} virtual CPUs are more than the machine type has`,
            detail: `It has at most ${maxVcpus}. Write fewer, or another machine.`,
          },
        ]),
  ];
}

function hugePages(values: Readonly<Record<string, FieldValue>>, found: HostFacts["hugePages"]): Lack[] {
  const asked = values["huge_pages"];
  if (asked === undefined || found === undefined) return [];
  const sizes = Object.keys(found);
  const has = asked === "default" ? sizes.length > 0 : sizes.includes(formatQuantity(parseQuantity(String(asked)) ?? 0));
  if (has) return [];
  return [
    {
      path: "huge_pages",
      summary: asked === "default" ? "The host has no huge pages" : `The host has no huge pages of ${asked}`,
      detail: `${sizes.length === 0 ? "Reserve some on the host (sysctl vm.nr_hugepages=N)" : `It has pages of ${sizes.join(" and ")}. Write one of these sizes`}, or remove huge_pages.`,
    },
  ];
}
