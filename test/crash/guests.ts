import { createHash } from "node:crypto";
import { isoImage } from "../../src/tools/iso9660/iso9660.ts";
import { checksum } from "./world.ts";

/** What can be varied in the configuration of the tests of further disks. */
export interface Guests {
  readonly ephemeral?: string;
  readonly swap?: string;
  /** YAML of the list. */
  readonly ephemerals?: string;
  readonly imagesType?: "qcow2" | "flat" | "ploop";
  readonly power?: "running" | "stopped";
  readonly diskFormat?: "qcow2" | "iso";
  /** YAML of further keys of the guest and of further sections. */
  readonly more?: string;
  readonly sections?: string;
}

const image = `    source: https://images.test/debian.qcow2
    checksum: ${checksum("https://images.test/debian.qcow2")}
    disk_format: qcow2`;

/** What the fake net serves as an ISO, once it is switched on. */
export const discUrl = "https://images.test/installer.iso";
export const discBytes = isoImage("installer", new Map([["readme", Buffer.from("boot me")]]));
const disc = `    source: ${discUrl}
    checksum: sha256:${createHash("sha256").update(discBytes).digest("hex")}
    disk_format: iso`;

/** One guest, `web`, with what is asked for. */
export function guests(options: Guests = {}): string {
  const { ephemeral = "0GiB", swap = "0MiB", imagesType = "qcow2", power = "running", diskFormat = "qcow2" } = options;
  return `project: shop
host: { virt_type: qemu, images_type: ${imagesType} }
images:
  debian:
${diskFormat === "iso" ? disc : image}
flavors:
  small: { vcpus: 1, ram: 256MiB, disk: 1GiB, ephemeral: ${ephemeral}, swap: ${swap} }
instances:
  web:
    image: debian
    flavor: small
    power_state: ${power}
${options.more ?? ""}${options.ephemerals === undefined ? "" : `    ephemerals: ${options.ephemerals}\n`}${options.sections ?? ""}`;
}
