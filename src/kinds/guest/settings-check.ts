import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { deviceProperties } from "../config/hardware/device-properties.ts";
import { hardwareInput } from "../config/hardware/hardware-input.ts";
import { contradictions, type HardwareSetting, hardwareOf, hardwareSettings } from "../config/hardware/hardware-of.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import { machineType } from "../config/machine-type.ts";
import type { Config, InstanceConfig } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import { shutdownOf } from "../terms/shutdown.ts";
import { lacks } from "./host-abilities.ts";
import { cpuMistakes } from "./mistakes/cpu-mistakes.ts";
import { deviceMistakes } from "./mistakes/device-mistakes.ts";
import type { Hardware, Mistake } from "./mistakes/hardware.ts";
import { machineMistakes } from "./mistakes/machine-mistakes.ts";
import { memoryMistakes } from "./mistakes/memory-mistakes.ts";
import { numaMistakes } from "./mistakes/numa-mistakes.ts";
import { pinningMistakes } from "./mistakes/pinning-mistakes.ts";
import { quotaMistakes } from "./mistakes/quota-mistakes.ts";

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
