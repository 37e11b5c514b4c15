import { driverOf } from "../../../drivers/index.ts";
import type { Diagnostic } from "../../../model/diagnostic.ts";
import { instanceFiles } from "../../../model/layout.ts";
import type { Pointer } from "../../../model/pointer.ts";
import { problem } from "../../../model/problem.ts";
import type { HostSettings } from "../../../model/settings.ts";
import { hardwareInput } from "../../config/hardware/hardware-input.ts";
import { hardwareSettings } from "../../config/hardware/hardware-of.ts";
import { unmountableDrivers } from "../../config/unmountable-drivers.ts";
import type { Config, FlavorConfig, ImageConfig, InstanceConfig, NicConfig } from "../../config.ts";
import type { Checked } from "../../disk/checked.ts";

/** A key that a container cannot have: when it is set, why not, and what to do. */
interface Impossible<Written> {
  readonly key: keyof Written & string;
  /** Whether the value that is written is impossible. Default: every value is. */
  readonly when?: (written: Written) => boolean;
  readonly why: string;
}

const drive =
  "libvirt gives a container no config drive, which is where this would be. Put it into the root file system of the image, or write it there with inject and files, and remove the key.";
const uninjected: Omit<Impossible<InstanceConfig>, "key"> = {
  when: ({ inject }) => inject === undefined,
  why: "libvirt gives a container no config drive, which is where this would be. Add inject: { partition: none }, which writes it into the root file system, or remove the key.",
};
const oneDisk = "Its root file system is the only disk of a container. Keep the data there, and remove the key.";
const ownKernel = "A container runs with the kernel of the host. Remove the key.";

const ofInstance: readonly Impossible<InstanceConfig>[] = [
  { key: "config_drive", when: ({ config_drive: asked }) => asked !== undefined && asked !== false, why: drive },
  { key: "user_data", why: drive },
  { key: "files", ...uninjected },
  { key: "key_pair", ...uninjected },
  { key: "metadata", ...uninjected },
  { key: "admin_password", ...uninjected },
  {
    key: "inject",
    when: ({ inject }) => typeof inject?.partition === "number",
    why: "The root file system of a container is its whole disk, without a partition table. Write inject: { partition: none }.",
  },
  { key: "hostname", why: "The host name of a container is the name of its instance. Remove the key, or set the name by its init." },
  { key: "ephemerals", when: ({ ephemerals = [] }) => ephemerals.length > 0, why: oneDisk },
  { key: "swap", when: ({ swap = 0 }) => swap > 0, why: oneDisk },
  { key: "volumes", when: ({ volumes = [] }) => volumes.length > 0, why: oneDisk },
  {
    key: "encryption",
    why: "libvirt mounts the file system of a container as it is and decrypts nothing. Encrypt the file system of the instances path instead, and remove the key.",
  },
  {
    key: "rescue",
    when: ({ rescue }) => rescue !== undefined && rescue !== false,
    why: "There is no other system that a container could boot. Stop it and mount the file of its root file system to repair it, and remove the key.",
  },
  { key: "adopt", why: "Containers cannot be adopted. Remove the entry; `virsh -c lxc:///system` manages what others made." },
  {
    key: "wait_for",
    when: ({ wait_for: wait }) => ["agent", "cloud_init"].includes((typeof wait === "object" ? wait.what : wait) ?? ""),
    why: "A container has no guest agent and no console log. Wait for address or ssh instead.",
  },
];

const noCard = "A container has one end of a pair of virtual interfaces (veth), and no network card. Remove the key.";

const ofNetwork: readonly Impossible<NicConfig>[] = [
  { key: "user", why: "QEMU forwards the traffic of such an interface, and a container has none. Connect it to a network or a bridge." },
  { key: "model", why: noCard },
  { key: "queues", why: noCard },
  { key: "vlans", why: "virtform does not make VLAN devices in a container. Make them in the container, and remove the key." },
  { key: "trust", why: noCard },
  { key: "boot_index", why: "A container does not boot over the network. Remove the key." },
  { key: "mtu", why: "libvirt does not set the MTU of a container's interface. Set it in the container, and remove the key." },
  {
    key: "link",
    when: ({ link }) => link === "down",
    why: "libvirt cannot switch off the link of a container's interface. Remove the key, or the whole interface.",
  },
  { key: "ready", why: "libvirt cannot start a container paused, and ready needs that. Remove the key." },
];

const ofFlavor: readonly Impossible<FlavorConfig>[] = [
  {
    key: "ephemeral",
    when: ({ ephemeral = 0 }) => ephemeral > 0,
    why: "Its root file system is the only disk of a container. Give the instance ephemerals: [], or another flavor.",
  },
  {
    key: "swap",
    when: ({ swap = 0 }) => swap > 0,
    why: "Its root file system is the only disk of a container. Give the instance swap: 0MiB, or another flavor.",
  },
];

const ofImage: readonly Impossible<ImageConfig>[] = [
  {
    key: "disk_format",
    when: ({ disk_format: format }) => ["iso", "aki", "ari"].includes(format),
    why: "It must hold a file system that the container can write to. Use an image in another format.",
  },
  { key: "kernel", why: ownKernel },
  { key: "ramdisk", why: ownKernel },
];

/** Settings of the hardware that a container has. All others are about a machine of its own. */
const possibleSettings = /^(?:arch$|quota\.cpu_(?:shares|period|quota)$|quota\.vif_|shutdown\.)/;

/** What is written for containers and they cannot have, and what only containers have (Nova CTR-01, BLK-04). */
export function checkContainers({ config, settings }: Pick<Checked, "config" | "settings">): Diagnostic[] {
  const entries = Object.entries(config.instances ?? {});
  if (settings.virtType !== "lxc")
    return entries.flatMap(([entry, instance]) => [
      ...(instance.init === undefined ? [] : [initOfMachine(entry)]),
      ...rootOfMachine(config, entry, instance),
    ]);
  const inFiles = entries.some(([, { images_type: driver }]) => driverOf(driver ?? settings.imagesType).traits.files);
  const found = [
    ...(inFiles ? checkPath(settings) : []),
    ...entries.flatMap(([entry, instance]) => checkInstance(config, entry, instance)),
    ...unmountableDrivers(config, settings.imagesType),
  ];
  // What is wrong with a flavor or an image is wrong once, however many instances have it.
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}

function checkInstance(config: Config, entry: string, instance: InstanceConfig): Diagnostic[] {
  const input = hardwareInput(config, entry, instance);
  const { name: image, config: imageConfig } = input.image;
  const flavor = ofFlavor.filter(({ key }) => instance[key === "swap" ? "swap" : "ephemerals"] === undefined);
  return [
    ...impossible(ofInstance, instance, ["instances", entry], `instance ${entry}`),
    ...(instance.networks ?? []).flatMap((network, index) =>
      impossible(ofNetwork, network, ["instances", entry, "networks", index], `an interface of instance ${entry}`),
    ),
    ...impossible(flavor, input.flavor, ["flavors", instance.flavor], `flavor ${instance.flavor}`),
    ...(image === undefined
      ? []
      : [
          ...impossible(ofImage, imageConfig as ImageConfig, ["images", image], `image ${image}`),
          ...Object.keys(imageConfig.properties ?? {})
            .filter((name) => name.startsWith("hw_"))
            .map((name) => withoutMachine(`${name} of image ${image}`, ["images", image, "properties", name])),
        ]),
    ...hardwareSettings(input)
      .filter(({ path, pointer }) => !possibleSettings.test(path) && !String(pointer.at(-1)).startsWith("hw_"))
      .map(({ words, pointer }) => withoutMachine(words, pointer)),
    ...checkInit(entry, instance),
  ];
}

function impossible<Written>(table: readonly Impossible<Written>[], written: Written, pointer: Pointer, owner: string): Diagnostic[] {
  return table
    .filter(({ key, when }) => written[key] !== undefined && (when?.(written) ?? true))
    .map(({ key, why }) => refusal(`${key} of ${owner}`, why, [...pointer, key]));
}

function withoutMachine(words: string, pointer: Pointer): Diagnostic {
  return refusal(words, "A container has the kernel and the devices of the host, and no machine of its own. Remove it.", pointer);
}

function refusal(words: string, detail: string, pointer: Pointer): Diagnostic {
  return problem("container-impossible", { summary: `${words} is not possible with virt_type: lxc`, detail, pointer });
}

/** The kernel records at most 63 bytes of the name of the file of a loop device, and libvirt sets no other ones up. */
const longestFile = 63;
const longestPath = longestFile - `/${"u".repeat(36)}/${instanceFiles.root}`.length;

function checkPath({ instancesPath }: Pick<HostSettings, "instancesPath">): Diagnostic[] {
  const length = Buffer.byteLength(instancesPath);
  if (length <= longestPath) return [];
  return [
    problem("container-path-too-long", {
      summary: `instances_path is too long for containers: ${instancesPath}`,
      detail: `It has ${length} bytes. libvirt mounts only files whose whole path has at most ${longestFile} bytes, and the paths of container files below it would be longer. Write a path of at most ${longestPath} bytes, such as /var/lib/virtform/lxc, which is the default.`,
      pointer: ["host", "instances_path"],
    }),
  ];
}

function checkInit(entry: string, { init }: InstanceConfig): Diagnostic[] {
  const [program = "/", ...args] = init ?? [];
  const empty = args.indexOf("");
  if (empty >= 0) {
    const detail = "libvirt passes no empty arguments to the init of a container. Remove it.";
    const pointer = ["instances", entry, "init", empty + 1];
    return [problem("container-init", { summary: `init of instance ${entry} has an empty argument`, detail, pointer })];
  }
  if (/^\/./.test(program) || init === undefined) return [];
  const detail =
    "It is started without a shell and without a search path. Write the absolute path of the program in the container, such as /sbin/init.";
  return [
    problem("container-init", { summary: `init of instance ${entry} is ${program}`, detail, pointer: ["instances", entry, "init", 0] }),
  ];
}

/** A root directory alone holds no boot loader. */
function rootOfMachine(config: Checked["config"], entry: string, instance: InstanceConfig): Diagnostic[] {
  const { name: image, config: found } = hardwareInput(config, entry, instance).image;
  if (image === undefined || found.disk_format !== "root-tar" || found.kernel !== undefined) return [];
  const detail =
    "A root file system from a tar archive holds no boot loader, so a virtual machine needs the kernel beside it. Give the image a kernel and a ramdisk, or use virt_type: lxc.";
  const pointer = ["images", image, "disk_format"];
  return [problem("container-only", { summary: `image ${image} of instance ${entry} needs a kernel, or virt_type: lxc`, detail, pointer })];
}

function initOfMachine(entry: string): Diagnostic {
  return problem("container-only", {
    summary: `init of instance ${entry} needs virt_type: lxc`,
    detail: "Only the first program of a container is chosen by its host; a virtual machine boots what is on its disk. Remove the key.",
    pointer: ["instances", entry, "init"],
  });
}
