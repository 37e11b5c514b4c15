import { checksum } from "./world.ts";

/** What can be varied in the configuration that the tests of `apply` use. */
export interface Shop {
  readonly memory?: string;
  readonly disk?: string;
  readonly image?: "debian" | "fedora";
  readonly userData?: string;
  readonly power?: "running" | "stopped";
  /** Format of the second guest's drive; `vfat` costs a digest of 64 MiB each time it is made. */
  readonly drive?: "iso9660" | "vfat";
  readonly instances?: readonly ("web" | "db")[];
}

/** Two guests, one on an overlay and one on a copy, with config drives, kernel and ramdisk. */
export function shop(options: Shop = {}): string {
  const {
    memory = "256MiB",
    disk = "1GiB",
    image = "debian",
    userData = "#cloud-config\n",
    power = "running",
    drive = "iso9660",
    instances = ["web", "db"],
  } = options;
  const guests = {
    web: `
  web:
    image: ${image}
    flavor: small
    power_state: ${power}
    images_type: qcow2
    config_drive: { format: iso9660 }
    user_data: ${JSON.stringify(userData)}
    metadata: { role: web }
    networks: [ { network: default } ]`,
    db: `
  db:
    image: ${image}
    flavor: small
    power_state: ${power}
    images_type: flat
    config_drive: { format: ${drive} }
    user_data: ${JSON.stringify(userData)}
    networks: [ { network: default } ]`,
  };
  return `project: shop
host:
  virt_type: qemu
images:
  debian:
    source: https://images.test/debian.qcow2
    checksum: ${checksum("https://images.test/debian.qcow2")}
    disk_format: qcow2
    kernel: linux
    ramdisk: initrd
  fedora:
    source: https://images.test/fedora.qcow2
    checksum: ${checksum("https://images.test/fedora.qcow2")}
    disk_format: qcow2
    kernel: linux
    ramdisk: initrd
  linux: { source: "https://images.test/vmlinuz", checksum: "${checksum("https://images.test/vmlinuz")}", disk_format: aki }
  initrd: { source: "https://images.test/initrd", checksum: "${checksum("https://images.test/initrd")}", disk_format: ari }
flavors:
  small: { vcpus: 1, ram: ${memory}, disk: ${disk} }
instances:${instances.length === 0 ? " {}" : instances.map((name) => guests[name]).join("")}
`;
}
