import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { deviceProperties } from "../config/hardware/device-properties.ts";
import { hardwareInput } from "../config/hardware/hardware-input.ts";
import { contradictions, type HardwareSetting, hardwareOf, hardwareSettings } from "../config/hardware/hardware-of.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import { machineType } from "../config/machine-type.ts";
import type { Config, FlavorConfig, InstanceConfig } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import { shutdownOf } from "../terms/shutdown.ts";
import { isPossibleBus } from "./device-map.ts";
import { cpuNumbers } from "./fields/cpu-set.ts";
import { isX86 } from "./fields/is-x86.ts";
import { machineFamily } from "./fields/machine-family.ts";
import { named } from "./fields/named.ts";
import { lacks } from "./host-abilities.ts";
import { numaNodes } from "./numa-nodes.ts";
import { topologyOf } from "./topology.ts";

/** What is known of the hardware of one entry of `instances`. */
interface Hardware {
  readonly entry: string;
  readonly instance: InstanceConfig;
  readonly flavor: FlavorConfig;
  /** Properties of its image. */
  readonly properties: Readonly<Record<string, string>>;
  readonly settings: readonly HardwareSetting[];
  readonly values: Readonly<Record<string, FieldValue>>;
  readonly machine: string;
  readonly facts: HostFacts;
}

/** Something that is wrong with a setting: what, and what to do. */
interface Mistake {
  /** Path of the setting that it is about; the place is where that is written. */
  readonly path: string;
  readonly summary: string;
  readonly detail: string;
}

/**
 * Settings of the hardware that contradict each other or cannot be together (Nova XML-05 … XML-16). Each is reported at the place where it
 * is written, in the instance, its flavor or its image.
 */
export function checkSettings({
  config,
  observed,
  settings: { virtType },
}: Pick<Checked, "config" | "observed" | "settings">): Diagnostic[] {
  const found = Object.entries(config.instances ?? {}).flatMap(([entry, instance]) => {
    const hardware = hardwareFor(config, entry, instance, observed.facts);
    const { settings } = hardware;
    if (settings.length === 0) return checkDrive(hardware, config);
    const clashes = contradictions(settings);
    const clashing = new Set(clashes.flatMap((written) => written.map(({ path }) => path)));
    return [
      ...clashes.map((written) => contradiction(entry, written)),
      ...(virtType === "lxc" ? mistakesOfContainer(hardware) : mistakes(hardware))
        .filter(({ path }) => !clashing.has(path))
        .map((mistake) => impossible("hardware-impossible", mistake, hardware)),
      ...lacks(hardware.values, { machine: hardware.machine, vcpus: hardware.flavor.vcpus }, observed.facts)
        .filter(({ path }) => !clashing.has(path))
        .map((lack) => impossible("hardware-not-on-host", lack, hardware)),
      ...withoutEffect(hardware),
      ...checkDrive(hardware, config),
    ];
  });
  // What is wrong within a flavor or an image is wrong once, however many instances have it.
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}

function hardwareFor(config: Config, entry: string, instance: InstanceConfig, facts: HostFacts): Hardware {
  const input = hardwareInput(config, entry, instance);
  const values = hardwareOf(input);
  const properties = input.image.config.properties ?? {};
  const machine = machineType(deviceProperties(properties, values), facts);
  return { entry, instance, flavor: input.flavor, properties, settings: hardwareSettings(input), values, machine, facts };
}

function contradiction(entry: string, written: readonly HardwareSetting[]): Diagnostic {
  const [first, ...others] = written;
  const last = others.at(-1) ?? first;
  const all = written.map(({ words, value, path }) => `${words} is ${shown(path, value)}`);
  return problem("hardware-contradiction", {
    summary: `${last?.words} contradicts ${first?.words}`,
    detail: `${all.join(", and ")}. ${entry} can have one of them only. Remove one, or write the same at both places.`,
    ...(last === undefined ? {} : { pointer: last.pointer }),
  });
}

function shown(path: string, value: FieldValue): string {
  return typeof value === "number" && /memory|max_ram/.test(path) ? formatQuantity(value) : String(value);
}

function impossible(code: string, { path, summary, detail }: Mistake, { settings, entry }: Hardware): Diagnostic {
  const written = settings.find((one) => one.path === path) ?? settings.find((one) => one.path.startsWith(`${path}.`));
  const place = written === undefined ? { pointer: ["instances", entry] } : { pointer: written.pointer };
  return problem(code, { summary: `${summary} (${written?.words ?? `instance ${entry}`})`, detail, ...place });
}

/** libvirt accepts a bandwidth for a card of a user network and does not limit it, and such a card has one queue. */
function withoutEffect({ entry, instance, settings }: Hardware): Diagnostic[] {
  if (!(instance.networks ?? []).some((network) => "user" in network && network.user === true)) return [];
  return settings
    .filter(({ path, value }) => path.startsWith("quota.vif_") || (path === "vif_multiqueue" && value === true))
    .map(({ words, pointer }) =>
      problem(
        "setting-without-effect",
        {
          summary: `${words} has no effect on a user network`,
          detail: `${entry} has a card with user: true, whose traffic QEMU forwards itself in one queue; libvirt does not limit it. Connect the card to a network or a bridge, or remove the setting.`,
          pointer,
        },
        "warning",
      ),
    );
}

/** Nova CFG-01. */
function checkDrive({ entry, instance }: Hardware, config: Config): Diagnostic[] {
  const { name, config: image } = hardwareInput(config, entry, instance).image;
  const key = instance.inject === undefined ? "config_drive" : "inject";
  if (config.host?.virt_type === "lxc") return [];
  if (hasConfigDrive(config, instance) || image.properties?.["img_config_drive"] !== "mandatory" || name === undefined) return [];
  return [
    problem("hardware-contradiction", {
      summary: `${key} of instance ${entry} contradicts img_config_drive of image ${name}`,
      detail:
        key === "inject"
          ? "The image needs a config drive, and an instance with inject has none. Remove inject, or change the property."
          : "The image needs a config drive, and config_drive is false. Remove config_drive: false, or change the property.",
      pointer: ["instances", entry, key],
    }),
  ];
}

function mistakes(hardware: Hardware): Mistake[] {
  return [
    ...archMistakes(hardware),
    ...machineMistakes(hardware),
    ...cpuMistakes(hardware),
    ...memoryMistakes(hardware),
    ...numaMistakes(hardware),
    ...pinningMistakes(hardware),
    ...quotaMistakes(hardware),
    ...deviceMistakes(hardware),
    ...shutdownMistakes(hardware),
  ];
}

/** `checkContainers` reports what a container cannot have at all. */
function mistakesOfContainer(hardware: Hardware): Mistake[] {
  return [...archMistakes(hardware), ...quotaMistakes(hardware), ...shutdownMistakes(hardware)];
}

function shutdownMistakes({ values }: Hardware): Mistake[] {
  const { seconds, force } = shutdownOf(values);
  if (seconds > 0 || force) return [];
  return [
    {
      path: "shutdown.timeout",
      summary: "No time to shut down, and no power off",
      detail:
        "With shutdown.timeout 0s the guest is not asked, and with shutdown.force: false it is not powered off. Change one of the two.",
    },
  ];
}

function archMistakes({ values, facts }: Hardware): Mistake[] {
  const arch = values["arch"];
  if (arch === undefined || arch === facts.arch) return [];
  return [
    {
      path: "arch",
      summary: `The image is for ${arch}, and the host has ${facts.arch}`,
      detail: "virtform runs guests of the host's own architecture. Use an image for it.",
    },
  ];
}

function machineMistakes({ values, machine, facts, properties }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const add = (path: string, summary: string, detail: string) => found.push({ path, summary, detail });
  const isQ35 = /^(q35$|pc-q35-)/.test(machine);
  if (facts.machines !== undefined && !facts.machines.includes(machine)) {
    const family = facts.machines.filter((one) => machineFamily(one) === machineFamily(machine)).sort();
    const others = family.length === 0 ? facts.machines.filter((one) => machineFamily(one) === one) : family;
    add("machine", `Machine type ${machine}, which the qemu of the host does not have`, `It has ${others.join(", ")}. Write one of these.`);
  }
  if (values["secure_boot"] === true && values["firmware"] !== "uefi")
    add("secure_boot", "Secure boot without UEFI", "Only UEFI firmware can verify a boot loader. Write firmware: uefi (hw_firmware_type).");
  else if (values["secure_boot"] === true && isX86(facts.arch) && !isQ35)
    add(
      "secure_boot",
      `Secure boot with machine type ${machine}`,
      "It needs a machine type of the q35 family. Write machine: q35 (hw_machine_type).",
    );
  if (values["tpm.model"] !== undefined && values["tpm.version"] === undefined)
    add(
      "tpm.model",
      "A model of a TPM without a version",
      "The version gives the guest a TPM. Write tpm.version (hw_tpm_version, hw:tpm_version).",
    );
  if (values["tpm.model"] === "tpm-crb" && values["tpm.version"] === "1.2")
    add("tpm.model", "tpm-crb with version 1.2", "The model has version 2.0 only. Write tpm-tis, or version 2.0.");
  const iommu = values["viommu"];
  if (iommu === "intel" && !isQ35)
    add("viommu", `An Intel IOMMU with machine type ${machine}`, "It needs the q35 family. Write machine: q35.");
  if (iommu === "smmuv3" && !machine.startsWith("virt"))
    add("viommu", `smmuv3 with machine type ${machine}`, "It needs machine type virt. Write intel on q35.");
  // What the image asks for itself is reported with the image.
  for (const path of ["disk_bus", "cdrom_bus"] as const)
    if (values[path] === "ide" && !isPossibleBus("ide", machine) && properties[`hw_${path}`] !== "ide")
      add(
        path,
        `IDE with machine type ${machine}`,
        `The machine type has no IDE. Write ${path}: ${path === "disk_bus" ? "virtio" : "sata"}, or machine: pc.`,
      );
  return found;
}

function cpuMistakes({ values, flavor }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const add = (path: string, summary: string, detail: string) => found.push({ path, summary, detail });
  const { vcpus } = flavor;
  const [mode, model, most] = [values["cpu.mode"], values["cpu.model"], values["max_vcpus"]];
  if (model !== undefined && mode !== undefined && mode !== "custom")
    add("cpu.mode", `cpu.mode ${mode} with a model`, "A named processor has mode custom. Remove cpu.mode, or cpu.model.");
  if (mode === "custom" && model === undefined)
    add("cpu.mode", "cpu.mode custom without a model", "Write cpu.model with the name of a processor.");
  if (values["cpu.address_bits"] !== undefined && values["cpu.address_mode"] !== "emulate")
    add(
      "cpu.address_bits",
      "Bits of an address without emulation",
      "Write cpu.address_mode: emulate (hw_maxphysaddr_mode), or remove the bits.",
    );
  if (most !== undefined && Number(most) < vcpus)
    add("max_vcpus", `max_vcpus ${most} is below the flavor's vcpus`, `The flavor has ${vcpus}. Write at least that, or remove max_vcpus.`);
  else if (topologyOf({ values, vcpus }) === undefined) {
    const written = named(values, "cpu.topology").map(([name, value]) => `${name} ${value}`);
    add(
      "cpu.topology",
      `No arrangement of ${Math.max(vcpus, Number(most ?? 0))} virtual CPUs fits`,
      `Sockets × cores × threads must be the number of virtual CPUs, and ${written.join(", ")} is written. Change it, or vcpus of the flavor.`,
    );
  }
  return found;
}

function memoryMistakes({ values, flavor }: Hardware): Mistake[] {
  const most = values["max_ram"];
  if (most === undefined || Number(most) >= flavor.ram) return [];
  return [
    {
      path: "max_ram",
      summary: `max_ram ${formatQuantity(Number(most))} is below the flavor's ram`,
      detail: `The flavor has ${formatQuantity(flavor.ram)}. Write at least that, or remove max_ram.`,
    },
  ];
}

function numaMistakes({ values, flavor }: Hardware): Mistake[] {
  const { vcpus, ram: memory } = flavor;
  const nodes = numaNodes({ values, vcpus, memory });
  if (nodes.length === 0) return [];
  const path = values["numa_nodes"] === undefined ? "numa" : "numa_nodes";
  const found: Mistake[] = [];
  const most = Math.max(vcpus, Number(values["max_vcpus"] ?? 0));
  const cpus = nodes.flatMap((node) => cpuNumbers(node.cpus)).sort((one, other) => one - other);
  if (cpus.length !== most || cpus.some((cpu, index) => cpu !== index))
    found.push({
      path,
      summary: "The NUMA nodes do not have each virtual CPU once",
      detail: `They have ${nodes.map((node) => node.cpus).join(" and ")}, and the guest has CPUs 0 to ${most - 1}. Write each of them in exactly one node.`,
    });
  const whole = Math.max(memory, Number(values["max_ram"] ?? 0));
  const sum = nodes.reduce((total, node) => total + node.memory, 0);
  if (sum !== whole)
    found.push({
      path,
      summary: `The NUMA nodes have ${formatQuantity(sum)} of ${formatQuantity(whole)}`,
      detail: "Together they must have the memory of the guest. Change memory of a node, or ram of the flavor.",
    });
  return found;
}

function pinningMistakes({ values, flavor, facts }: Hardware): Mistake[] {
  const most = Math.max(flavor.vcpus, Number(values["max_vcpus"] ?? 0));
  const pins = named(values, "cpu_pinning");
  const outside = (cpus: string) => cpuNumbers(cpus).filter((cpu) => cpu >= facts.cpus);
  const host = `The host has CPUs 0 to ${facts.cpus - 1}. Name one of these.`;
  const emulator = values["emulator_pinning"];
  return [
    ...pins
      .filter(([vcpu]) => Number(vcpu) >= most)
      .map(([vcpu]) => ({
        path: `cpu_pinning.${vcpu}`,
        summary: `The guest has no virtual CPU ${vcpu}`,
        detail: `It has CPUs 0 to ${most - 1}. Remove the entry, or raise vcpus of the flavor.`,
      })),
    ...pins
      .filter(([, cpus]) => outside(String(cpus)).length > 0)
      .map(([vcpu, cpus]) => ({
        path: `cpu_pinning.${vcpu}`,
        summary: `The host has no CPU ${outside(String(cpus)).join(", ")}`,
        detail: host,
      })),
    ...(emulator === undefined || outside(String(emulator)).length === 0
      ? []
      : [{ path: "emulator_pinning", summary: `The host has no CPU ${outside(String(emulator)).join(", ")}`, detail: host }]),
  ];
}

function quotaMistakes({ values }: Hardware): Mistake[] {
  const has = (name: string) => values[`quota.${name}`] !== undefined && values[`quota.${name}`] !== 0;
  const disks = ["bytes", "iops"].filter(
    (metric) => has(`disk_total_${metric}_sec`) && (has(`disk_read_${metric}_sec`) || has(`disk_write_${metric}_sec`)),
  );
  const vifs = ["inbound", "outbound"].filter(
    (direction) => (has(`vif_${direction}_peak`) || has(`vif_${direction}_burst`)) && !has(`vif_${direction}_average`),
  );
  return [
    ...disks.map((metric) => ({
      path: `quota.disk_total_${metric}_sec`,
      summary: `A total of ${metric} together with one for reads or writes`,
      detail: "QEMU takes either. Remove the total, or the others.",
    })),
    ...vifs.map((direction) => ({
      path: has(`vif_${direction}_peak`) ? `quota.vif_${direction}_peak` : `quota.vif_${direction}_burst`,
      summary: `A peak or burst of ${direction} traffic without an average`,
      detail: `libvirt needs the average. Write quota.vif_${direction}_average.`,
    })),
  ];
}

function deviceMistakes({ values }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const [memory, most] = [values["video.memory"], values["video.max_memory"]];
  // Nova XML-15: RequestedVRamTooHigh.
  if (memory !== undefined && most !== undefined && Number(memory) > Number(most))
    found.push({
      path: "video.memory",
      summary: `The video card has more memory than the flavor allows`,
      detail: `It has ${formatQuantity(Number(memory))}, and hw_video:ram_max_mb allows ${formatQuantity(Number(most))}. Lower one, or raise the other.`,
    });
  if (memory !== undefined && ["none", "virtio", undefined].includes(values["video.model"] as string | undefined))
    found.push({
      path: "video.memory",
      summary: `A card of model ${values["video.model"] ?? "virtio"} has no memory of its own`,
      detail: "Remove the size, or write another model, such as vga or qxl.",
    });
  return found;
}
